from __future__ import annotations

import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from include.errors import DefectError, RowError, SetupError, TransientError
from include.postgres.errors import translate
from include.postgres.session import connect

MEANING = {
    TransientError: ("08006", "40001", "40P01", "53300", "55P03", "57P01", "57P03"),
    RowError: ("22001", "22021", "22P02", "23502", "23505", "23514"),
    SetupError: ("28P01", "3D000", "42501", "42P01", "42703", "53100", "57014", "0A000"),
    DefectError: ("21000",),
}


@pytest.mark.parametrize(("kind", "state"), [(kind, state) for kind, states in MEANING.items() for state in states])
def test_each_sqlstate_says_what_the_caller_should_do(kind: type[Exception], state: str) -> None:
    error = translate(errors.lookup(state)("words of the server"))
    assert type(error) is kind
    assert state in str(error)


def test_no_class_of_errors_that_psycopg_knows_is_left_over() -> None:
    known = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and isinstance(getattr(kind, "sqlstate", None), str)
    ]
    assert len(known) > 200
    assert all(isinstance(translate(kind("x")), tuple(MEANING)) for kind in known)


def test_a_lost_connection_without_a_state_is_transient() -> None:
    assert isinstance(translate(errors.OperationalError("server closed the connection")), TransientError)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong"}, "password"),
        ({"user": "nobody"}, "password"),
        ({"dbname": "nowhere"}, "Create the database"),
    ],
)
def test_a_server_that_refuses_the_connection_is_a_matter_of_set_up(
    postgres_url: str, change: dict[str, str], words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        connect(make_conninfo(postgres_url, **change))


def test_a_server_that_is_not_there_is_a_bad_moment() -> None:
    with pytest.raises(TransientError):
        connect("postgresql://postgres@127.0.0.1:1/postgres")


def test_what_a_bad_row_holds_is_not_repeated() -> None:
    assert "4111" not in str(translate(errors.lookup("22P02")('invalid input syntax: "4111 1111"')))
