"""A database that is there and does not answer."""

import pytest
import sqlalchemy as sa

from service.database import Database


def test_who_has_patience_waits_and_who_has_none_is_told(postgresql_url: str) -> None:
    slow = sa.text("SELECT pg_sleep(1)")
    hasty, patient = Database(postgresql_url, patience_seconds=0.1), Database(postgresql_url)
    with patient.reading() as session:
        session.execute(slow)
    with pytest.raises(sa.exc.OperationalError, match=r"no answer within 0\.1 s"), hasty.reading() as session:
        session.execute(slow)
    with hasty.reading() as session:
        assert session.scalar(sa.text("SELECT 7")) == 7
    with pytest.raises(sa.exc.ProgrammingError, match="nothing"), hasty.reading() as session:
        session.execute(sa.text("SELECT nothing"))
    for database in (hasty, patient):
        database.close()
