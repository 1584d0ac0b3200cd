from service.execution.dispatching.roles import Role
from service.storage.database import Database


def hold(database: Database, role: Role, now: float) -> bool:
    with database.transaction() as session:
        return role.hold(session, now)


def test_the_first_to_ask_has_the_role_and_keeps_it(database: Database) -> None:
    first, second = Role("dispatcher", "first", 3), Role("dispatcher", "second", 3)
    for now in range(10):
        assert hold(database, first, float(now))
        assert not hold(database, second, float(now))


def test_a_silent_holder_loses_the_role(database: Database) -> None:
    first, second = Role("dispatcher", "first", 3), Role("dispatcher", "second", 3)
    assert hold(database, first, 0.0)
    assert [hold(database, second, float(now)) for now in range(5)] == [False, False, False, True, True]
    assert not hold(database, first, 5.0)


def test_the_same_engine_started_again_has_its_role_at_once(database: Database) -> None:
    assert hold(database, Role("dispatcher", "first", 3), 0.0)
    assert hold(database, Role("dispatcher", "first", 3), 0.0)


def test_a_role_given_up_is_free(database: Database) -> None:
    first, second = Role("dispatcher", "first", 3), Role("dispatcher", "second", 3)
    assert hold(database, first, 0.0)
    with database.transaction() as session:
        first.give_up(session)
    assert hold(database, second, 0.0)


def test_two_who_ask_at_once_do_not_both_get_it(database: Database) -> None:
    first, second = Role("dispatcher", "first", 1), Role("dispatcher", "second", 1)
    hold(database, Role("dispatcher", "dead", 1), 0.0)
    for role in (first, second):
        assert not hold(database, role, 0.0)
    assert hold(database, first, 1.0)
    assert not hold(database, second, 1.0)
