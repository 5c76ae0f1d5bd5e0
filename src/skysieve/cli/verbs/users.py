"""``skysieve users``: who may use a service, from its first admin on; tokens for programs."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.output import examples, say, say_table
from skysieve.cli.service_home import HomeOption

if TYPE_CHECKING:
    from skysieve.service.service import Service

__all__ = ["add_to"]

#: Who did it, in the audit log.
ACTOR = "command"

NameArgument = Annotated[str, typer.Argument(help="Name of the user.")]
RoleOption = Annotated[str, typer.Option(help="viewer, scanner, curator or admin.")]
PasswordOption = Annotated[
    str,
    typer.Option(
        "--password-env",
        help="Environment variable with the password; if left out, it is asked for, or made where nobody "
        "sits at a terminal.",
    ),
]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Say who may use a service, and how.", no_args_is_help=True)
    verb.command(
        "add",
        epilog=examples(
            "skysieve users add ana --role admin --home observatory",
            "skysieve users add pipeline --role curator --no-password --home observatory",
        ),
    )(add)
    verb.command("list", epilog=examples("skysieve users list --home observatory"))(list_)
    verb.command(
        "set-role", epilog=examples("skysieve users set-role ben --role curator --home observatory")
    )(set_role)
    verb.command("disable", epilog=examples("skysieve users disable ben --home observatory"))(disable)
    verb.command("enable", epilog=examples("skysieve users enable ben --home observatory"))(enable)
    verb.command("password", epilog=examples("skysieve users password ben --home observatory"))(password)
    verb.command(
        "token",
        epilog=examples("skysieve users token ben --scope read --scope label --days 30 --home observatory"),
    )(token)
    application.add_typer(verb, name="users")


def add(
    name: NameArgument,
    role: RoleOption = "scanner",
    password_env: PasswordOption = "",
    no_password: Annotated[
        bool, typer.Option("--no-password", help="For a program, which gets tokens only.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Add a user; a folder without a service becomes one, so that its first admin can be made."""
    from skysieve.service.accounts.roles import Role
    from skysieve.service.accounts.users import add_user, clean_name

    wanted, cleaned = Role.of(role), clean_name(name)
    given, made = ("", False) if no_password else _password(password_env)
    with _opened(home, new=True) as service:
        add_user(service.database, cleaned, wanted, given, actor=ACTOR)
    say(f"{cleaned} is {wanted.label}")
    _say_made(given, made)


def list_(home: HomeOption = None) -> None:
    """Print all users: role, state, last sign-in."""
    from skysieve.service.accounts.users import list_users

    with _opened(home) as service, service.database.reading() as session:
        rows = {
            user.name: f"{user.role:<8} {'active' if user.active else 'disabled':<8} "
            + (
                f"last sign-in {user.last_sign_in:%Y-%m-%d %H:%M} UTC"
                if user.last_sign_in
                else "never signed in"
            )
            for user in list_users(session)
        }
    if rows:
        say_table(rows)
    else:
        say("there are no users yet; make the first with `skysieve users add NAME --role admin`")


def set_role(name: NameArgument, role: RoleOption, home: HomeOption = None) -> None:
    """Give a user another role; the user signs in anew."""
    from skysieve.service.accounts import users
    from skysieve.service.accounts.roles import Role

    wanted = Role.of(role)
    with _opened(home) as service:
        users.set_role(service.database, _id_of(service, name), wanted, actor=ACTOR)
    say(f"{name} is {wanted.label}")


def disable(name: NameArgument, home: HomeOption = None) -> None:
    """Let a user in no more: sessions end, tokens stop working. What the user said stays."""
    _set_active(name, home, active=False)


def enable(name: NameArgument, home: HomeOption = None) -> None:
    """Let a user in again."""
    _set_active(name, home, active=True)


def password(name: NameArgument, password_env: PasswordOption = "", home: HomeOption = None) -> None:
    """Give a user another password; all sessions of the user end."""
    from skysieve.service.accounts.users import set_password

    with _opened(home) as service:
        user_id = _id_of(service, name)
        given, made = _password(password_env)
        set_password(service.database, user_id, given, actor=ACTOR)
    say(f"{name} has a new password")
    _say_made(given, made)


def token(
    name: NameArgument,
    scope: Annotated[list[str], typer.Option(help="read, label, ingest, curate or admin; may come again.")],
    days: Annotated[int, typer.Option(help="It ends after so many.")] = 90,
    title: Annotated[str, typer.Option(help="What it is for.")] = "made by a command",
    home: HomeOption = None,
) -> None:
    """Make a token of a user for a program; the key is printed once and kept nowhere."""
    from skysieve.service.accounts.tokens import create_token
    from skysieve.service.accounts.users import user_of

    with _opened(home) as service:
        user_id = _id_of(service, name)
        with service.database.writing() as session:
            owner = user_of(session, user_id)
            key = create_token(session, owner, title, scope, days, actor=ACTOR)
    say(key)


def _set_active(name: str, home: Path | None, *, active: bool) -> None:
    from skysieve.service.accounts.users import set_active

    with _opened(home) as service:
        set_active(service.database, _id_of(service, name), active, actor=ACTOR)
    say(f"{name} is {'enabled' if active else 'disabled'}")


def _opened(home: Path | None, *, new: bool = False) -> AbstractContextManager[Service]:
    from contextlib import closing

    from skysieve.service.operation.existing import existing_service, reached_service

    return closing(reached_service(home)) if new else existing_service(home)


def _id_of(service: Service, name: str) -> int:
    from skysieve.errors import InputError
    from skysieve.service.accounts.users import find_user

    with service.database.reading() as session:
        user = find_user(session, name)
        if user is None:
            raise InputError(name, "no-such-user", "is no user; see `skysieve users list`")
        return user.id


def _password(variable: str) -> tuple[str, bool]:
    """Return a password, and whether it was made here."""
    import sys

    from skysieve.service.accounts.passwords import generate_password
    from skysieve.service.settings import secret

    if variable:
        return secret(variable, purpose="the password"), False
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True)), False
    return generate_password(), True


def _say_made(given: str, made: bool) -> None:
    if made:
        say(f"password: {given}")
        say("it is shown this once; it can be changed on the page Account")
