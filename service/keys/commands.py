"""The commands ``trainyard keys …``, which work on the database beside a running service."""

from __future__ import annotations

import argparse
import contextlib
import csv
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from service.access.caller import LOCAL_OWNER, SCOPES
from service.command_line import WrongError, check_database_url, database_error, read_settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from service.keys.groups import Group
    from service.keys.repository import Row
    from service.settings import Settings
    from service.storage.database import Database

__all__ = ["add_keys"]

_PAGE = 100
_OPTIONS = {
    "owner": "--owner",
    "name": "--name",
    "scopes": "--scope",
    "expires_in_seconds": "--expires-in",
}


def add_keys(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add ``keys`` to the commands."""
    keys = commands.add_parser("keys", help="create, list, confirm and revoke API keys")
    actions = keys.add_subparsers(title="actions", required=True, metavar="action")
    create = actions.add_parser(
        "create", help="create an API key and print it once, or create the keys of a class"
    )
    create.add_argument("--owner", help=f"the owner of everything the key creates and sees ({LOCAL_OWNER})")
    create.add_argument("--name", help="what the key is for")
    create.add_argument(
        "--scope",
        action="append",
        choices=SCOPES,
        help="scope of the key; repeat for several (read, write)",
    )
    create.add_argument(
        "--group", metavar="name", help="the group that the owner, or each of --from, belongs to"
    )
    create.add_argument("--expires-in", metavar="30d", help="lifetime: 90m, 12h, 30d or 8w (unlimited)")
    create.add_argument(
        "--from",
        dest="roster",
        type=Path,
        metavar="class.csv",
        help=(
            "create one key per line of a CSV file with the columns owner, name, group and optional limits; all or "
            "none"
        ),
    )
    create.add_argument(
        "--to",
        type=Path,
        metavar="keys.csv",
        help="the new file that receives the keys of --from (mode 0600)",
    )
    create.set_defaults(run=_create)
    actions.add_parser("list", help="list all keys without their secrets").set_defaults(run=_list)
    confirm = actions.add_parser(
        "confirm", help="confirm keys that were created while TRAINYARD_AUTH was off, which makes them valid"
    )
    which = confirm.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "ids", nargs="*", default=[], metavar="id", help="the key's id, as printed by keys list"
    )
    which.add_argument("--all", action="store_true", help="every unconfirmed key")
    confirm.set_defaults(run=_confirm)
    revoke = actions.add_parser("revoke", help="revoke a key")
    revoke.add_argument("id", help="the key's id: the part before the dot")
    revoke.set_defaults(run=_revoke)
    _add_limits(actions)


def _add_limits(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    limits = actions.add_parser(
        "limits", help="list or change the limits of groups of owners, such as a class"
    )
    limits.add_argument("--group", metavar="name", help="the group, which its first limit creates (all)")
    limits.add_argument(
        "--add",
        action="append",
        default=[],
        metavar="owner",
        help="move this owner into the group; repeatable",
    )
    limits.add_argument(
        "--remove",
        action="append",
        default=[],
        metavar="owner",
        help="take this owner out of the group; repeatable",
    )
    limits.add_argument(
        "changes",
        nargs="*",
        metavar="limit=number",
        help="a limit of each owner of the group, such as queued=50; queued= removes it",
    )
    limits.set_defaults(run=_limits)


def _create(arguments: argparse.Namespace) -> None:
    from engine.errors import InvalidSpec
    from service.access.pepper import PepperError, read_pepper
    from service.keys import service
    from service.keys.submission import read_new_key

    if arguments.roster is not None or arguments.to is not None:
        _create_class(arguments)
        return
    settings = read_settings()
    document = {"owner": arguments.owner or LOCAL_OWNER, "name": arguments.name, **_common(arguments)}
    try:
        new, pepper = read_new_key(document), read_pepper(settings)
    except InvalidSpec as error:
        places = [f"{_OPTIONS[str(problem.path[0])]}: {problem.message}" for problem in error.problems]
        raise WrongError(" ".join(places)) from error
    except PepperError as error:
        raise WrongError(error) from error
    with _database(settings) as database, database.transaction() as session:
        made = service.create(session, pepper, new)
        if arguments.group is not None:
            _join(session, arguments.group, new.owner)
    _log("key created", [made.row])
    sys.stderr.write("This is the key. It is shown only once and cannot be recovered.\n")
    sys.stdout.write(f"{made.token}\n")


def _common(arguments: argparse.Namespace) -> dict[str, Any]:
    """Fields shared by a single key and the keys of a file."""
    document: dict[str, Any] = {"scopes": arguments.scope or ["read", "write"]}
    if arguments.expires_in is not None:
        document["expires_in_seconds"] = _seconds(arguments.expires_in)
    return document


def _create_class(arguments: argparse.Namespace) -> None:
    from service.access.pepper import PepperError, read_pepper
    from service.keys import service
    from service.keys.roster import RosterError, read_roster

    if arguments.roster is None or arguments.to is None:
        raise WrongError("--from needs --to, the file that receives the keys, and --to needs --from.")
    if arguments.owner is not None or arguments.name is not None:
        raise WrongError("--owner and --name are columns of the --from file; omit the options.")
    settings = read_settings()
    try:
        text = arguments.roster.read_text(encoding="utf-8")
        new, pepper = read_roster(text, _common(arguments)), read_pepper(settings)
    except (RosterError, UnicodeDecodeError) as error:
        raise WrongError(f"{arguments.roster}: {error}. No key was created.") from error
    except OSError as error:
        raise WrongError(f"{arguments.roster} cannot be read: {error.strerror}.") from error
    except PepperError as error:
        raise WrongError(error) from error
    with _database(settings) as database, _keys_file(arguments.to) as file, database.transaction() as session:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["owner", "name", "id", "key"])
        rows = []
        for member in new:
            made = service.create(session, pepper, member.key)
            rows.append(made.row)
            if (group := member.group or arguments.group) is not None:
                _join(session, group, member.key.owner)
            writer.writerow([member.key.owner, member.key.name or "", made.row.id, made.token])
        file.flush()
        os.fsync(file.fileno())
    _log("key created", rows)
    sys.stderr.write(
        f"Created {len(new)} keys in {arguments.to}. They are stored nowhere else and cannot be recovered.\n"
    )


def _join(session: Session, group: str, owner: str) -> None:
    from service.errors import NotFound
    from service.keys import groups

    try:
        groups.add_owner(session, group, owner)
    except NotFound as error:
        raise WrongError(f"{error} No key was created.") from error


@contextlib.contextmanager
def _keys_file(path: Path) -> Iterator[TextIO]:
    """A new file for its account alone, which is gone again where anything fails."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WrongError(f"--to: {path} cannot be created: {error.strerror}. No key was created.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _seconds(text: str) -> int:
    from service.retention.service import read_duration

    try:
        return int(read_duration(text).total_seconds())
    except ValueError as error:
        raise WrongError(f"--expires-in: {error}.") from error


def _list(_arguments: argparse.Namespace) -> None:
    from service.http.pagination import OLDEST_FIRST
    from service.keys import service

    after: str | None = None
    with _database(read_settings()) as database:
        while True:
            with database.reading() as session:
                page = service.list_page(session, sort=OLDEST_FIRST, limit=_PAGE, after=after)
            sys.stdout.writelines(f"{_line(row)}\n" for row in page.items)
            after = page.next
            if after is None:
                return


def _line(row: Row) -> str:
    until = f"until {row.expires_at:%Y-%m-%d %H:%M} UTC" if row.expires_at else "never expires"
    valid = until if row.confirmed else "not confirmed"
    state = f"revoked {row.revoked_at:%Y-%m-%d %H:%M} UTC" if row.revoked_at else valid
    return "  ".join((row.id, row.owner, "+".join(row.scopes), state, row.name or "")).rstrip()


def _confirm(arguments: argparse.Namespace) -> None:
    from service.errors import NotFound
    from service.keys import service

    key_ids = None if arguments.all else [_key_id(each) for each in arguments.ids]
    with _database(read_settings()) as database:
        try:
            with database.transaction() as session:
                rows = [service.read(session, each) for each in service.confirm(session, key_ids)]
        except NotFound as error:
            raise WrongError(error) from error
    _log("key confirmed", rows)
    sys.stdout.writelines(f"{_line(row)}\n" for row in rows)


def _log(event: str, rows: Iterable[Row]) -> None:
    """Write the line that the API writes for the same, one for each key, once it is committed."""
    from service.logs import configure_logs

    configure_logs()
    log = structlog.get_logger(__name__)
    for row in rows:
        log.info(event, key_id=row.id, owner=row.owner, scopes=row.scopes, by="trainyard keys")


def _key_id(text: str) -> str:
    """Return the id of a key that may have been pasted as a whole."""
    from service.http.redaction import redacted

    return redacted(text).removesuffix(".…")


def _revoke(arguments: argparse.Namespace) -> None:
    from service.errors import NotFound
    from service.keys import service

    key_id = _key_id(arguments.id)
    with _database(read_settings()) as database:
        try:
            with database.transaction() as session:
                row = service.revoke(session, key_id)
        except NotFound as error:
            raise WrongError(error) from error
    _log("key revoked", [row])
    sys.stdout.write(f"{_line(row)}\n")


def _limits(arguments: argparse.Namespace) -> None:
    from service.errors import NotFound
    from service.keys import groups

    name = arguments.group
    changes = _changes(arguments.changes)
    if name is None:
        if changes or arguments.add or arguments.remove:
            raise WrongError("Name the group to change: --group name.")
        with _database(read_settings()) as database, database.reading() as session:
            sys.stdout.writelines(f"{_group_line(each)}\n" for each in groups.read_groups(session))
        return
    _check_group(name)
    with _database(read_settings()) as database, database.transaction() as session:
        try:
            if changes:
                groups.change_limits(session, name, changes)
            for owner in arguments.add:
                groups.add_owner(session, name, owner)
            for owner in arguments.remove:
                groups.remove_owner(session, name, owner)
            group = groups.read_group(session, name)
        except NotFound as error:
            raise WrongError(error) from error
    sys.stdout.write(f"{_group_line(group)}\n")
    sys.stdout.writelines(f"  {owner}\n" for owner in group.owners)


def _changes(words: Sequence[str]) -> dict[str, int | None]:
    from engine.errors import InvalidSpec
    from service.keys.roster import read_limit
    from service.keys.submission import read_limits

    document: dict[str, Any] = {}
    for word in words:
        name, equals, number = word.partition("=")
        if not equals or name in document:
            raise WrongError(f"{word}: write each limit once, as in queued=50, or queued= to remove it.")
        document[name] = read_limit(number) if number else None
    try:
        return read_limits(document)
    except InvalidSpec as error:
        places = [f"{'/'.join(map(str, each.path))}: {each.message}" for each in error.problems]
        raise WrongError(" ".join(places)) from error


def _check_group(name: str) -> None:
    from engine.errors import InvalidSpec
    from service.keys.submission import check_group

    try:
        check_group(name)
    except InvalidSpec as error:
        raise WrongError(f"--group: {error.problems[0].message}") from error


def _group_line(group: Group) -> str:
    limits = " ".join(f"{name}={limit}" for name, limit in sorted(group.limits.items())) or "no limits"
    return f"{group.name}  {len(group.owners)} owners  {limits}"


@contextlib.contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database, with the tables of this version in it."""
    from sqlalchemy.exc import DBAPIError

    from service.storage.database import Database, is_current

    check_database_url(settings)
    try:
        with contextlib.closing(Database(settings.resolved_database_url)) as database:
            with database.reading() as session:
                current = is_current(session)
            if not current:
                raise WrongError(
                    "The database schema is not the one of this version. Run: trainyard migrate."
                )
            yield database
    except DBAPIError as error:
        raise database_error(settings, error) from error
