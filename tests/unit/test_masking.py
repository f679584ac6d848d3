"""Thirty secrets, in the forms that texts give them, are nowhere to be found; what is not a secret stays."""

from __future__ import annotations

import base64
import json
import traceback
from urllib.parse import quote

import pytest

from tasks import masking
from tasks.domain.values import MASK
from tasks.masking import Known, mask, masked

CANARY = "kanarienvogel-7431"
LINES = 'erste-zeile-7431\nzweite-zeile-7431\n  dritte "zeile" 7431\n'
DASHES = "-" * 5
PEM = f"{DASHES}BEGIN RSA PRIVATE KEY{DASHES}\n{CANARY}\nMIIE\n{DASHES}END RSA PRIVATE KEY{DASHES}"
GITHUB = "gh" + "p_" + "kanarienvogel7431" * 2
AWS = "AKI" + "AKANARIENVOGEL743"
JWT = "ey" + "Jkanarien.vogel7431xx.kanarienvogel"

LOOKS = [
    f"password={CANARY}",
    f"DB_PASSWORD: {CANARY}",
    f'"password": "{CANARY}"',
    f"'api_key' => '{CANARY}'",
    json.dumps(json.dumps({"client_secret": CANARY})),
    json.dumps(json.dumps({"outer": json.dumps({"token": f'a"{CANARY}"b'})})),
    f'secret = "two\nlines {CANARY}"',
    f"password: |\n  first\n  {CANARY}\nnext: 1",
    f"private_key = <<EOT\nfirst\n{CANARY}\nEOT\n",
    f"Authorization: Bearer {CANARY}",
    f"authorization: Basic {CANARY}",
    f"curl -H 'Authorization: token {CANARY}' x",
    f"sent bearer {CANARY}",
    f"postgres://shop:{CANARY}@db.example/shop",
    f"https://:{CANARY}@example.com",
    PEM,
    json.dumps(PEM),
    PEM.split(f"{DASHES}END")[0],
    f"?X-Amz-Signature={CANARY}&x=1",
    f"access_token={CANARY}&x=1",
    f"set-cookie: {CANARY}",
    f"AccountKey={CANARY};",
    f"SECRET_ACCESS_KEY={CANARY}",
    f'{{"aws_session_token":"{CANARY}"}}',
    f'password="escaped \\" quote {CANARY}"',
]


@pytest.mark.parametrize("text", LOOKS)
def test_what_looks_like_a_secret_is_masked(text: str) -> None:
    assert CANARY not in mask(text, Known())


@pytest.mark.parametrize("secret", [GITHUB, AWS, JWT])
def test_tokens_are_known_by_their_looks(secret: str) -> None:
    assert secret not in mask(f"found {secret}, here", Known())


def forms() -> dict[str, str]:
    doubled = json.dumps({"message": json.dumps({"value": LINES})})
    try:
        raise ValueError(LINES)
    except ValueError as error:
        raised = "".join(traceback.format_exception(error))
    return {
        "as it is": LINES,
        "json": json.dumps(LINES),
        "json in json": doubled,
        "an exception": raised,
        "repr": repr(LINES),
        "repr of an exception": repr(ValueError(LINES)),
        "indented": "\n".join(f"      {line}" for line in LINES.splitlines()),
        "prefixed": "\n".join(f"│ {line}" for line in LINES.splitlines()),
        "windows": LINES.replace("\n", "\r\n"),
        "base64": base64.b64encode(LINES.encode()).decode(),
        "base64 stripped": base64.b64encode(LINES.strip().encode()).decode(),
        "an address": f"https://example.com/?q={quote(LINES, safe='')}",
        "html in json": json.dumps({"a": LINES}).replace('\\"', "\\u0022"),
    }


@pytest.mark.parametrize("form", forms().values(), ids=forms().keys())
def test_a_known_value_of_several_lines_is_masked_in_every_form(form: str) -> None:
    known = Known()
    known.learn([LINES])
    found = mask(form, known)
    assert "erste-zeile-7431" not in found
    assert "zweite-zeile-7431" not in found
    assert base64.b64encode(LINES.strip().encode()).decode()[:20] not in found


def test_names_hide_values_at_any_depth() -> None:
    found = masked({"a": [{"db_password": CANARY, "TOKEN": [CANARY, {"x": CANARY}]}]}, known=Known())
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    "text",
    [
        "planned: 1 to add, 2 to change",
        "aws_secretsmanager_secret.db: Creating...",
        "random_password.db: Refreshing state... [id=none]",
        "https://example.com:8080/path and ada@example.com",
        "no token was given",
        "secret_name: shop/db",
        "token_file=/run/token",
        "/var/run/secrets/eks.amazonaws.com is mounted",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text, Known()) == text


def test_short_values_and_paths_are_no_secrets() -> None:
    known = Known()
    known.learn(["dev", "true", None, 7])
    assert mask("dev is true", known) == "dev is true"


def test_a_shorter_secret_inside_a_longer_one_uncovers_nothing() -> None:
    known = Known()
    known.learn(["abcdef", "abcdef-and-more"])
    assert "more" not in mask("it is abcdef-and-more", known)


def test_variables_are_learnt_by_their_names() -> None:
    known = {"SHOP_API_KEY": "kanarie-von-nebenan", "PREFECT_API_AUTH_STRING": "/kanarie:am-anfang"}
    masking.learn_variables({**known, "SHOP_HOME": "kein-geheimnis", "SHOP_TOKEN_FILE": "/run/kein-geheimnis"})
    assert mask("/kanarie:am-anfang /run/kein-geheimnis").endswith(" /run/kein-geheimnis")
    assert "am-anfang" not in mask("/kanarie:am-anfang")
    assert mask("kanarie-von-nebenan kein-geheimnis").endswith(" kein-geheimnis")
    assert "kanarie-von-nebenan" not in mask("kanarie-von-nebenan")


@pytest.mark.parametrize("piece", ["y", "token", 'password="', "://a:", "eyJ", '\\"token\\":\\"', "-----BEGIN "])
def test_hostile_texts_end(piece: str) -> None:
    """A pattern that needs time squared would not come back from these."""
    assert mask(piece * (200_000 // len(piece)), Known())


def test_thousands_of_secrets_take_no_longer_than_a_few() -> None:
    """With a search for each form of each value, this would take minutes."""
    known = Known()
    for number in range(1_000):
        known.learn([f"secret-{number:05}", f"second\nline {number:05}"])
    text = "nothing is in here " * 1_000
    assert mask(text * 10, known) == text * 10
    assert mask("it is secret-00999.", known) == "it is (sensitive value)."


def test_a_known_line_does_not_hide_the_looks_of_another_key() -> None:
    known = Known()
    kind = "RSA PRIVATE KEY"
    one, another = (f"-----BEGIN {kind}-----\nMIIE{which}\n-----END {kind}-----" for which in ("first", "second"))
    known.learn([one, "PRIVATE"])
    assert mask(f"failed: {another} (exit 1)", known) == f"failed: {MASK} (exit 1)"


def test_a_known_value_is_masked_whole_where_a_part_of_it_looks_like_a_secret() -> None:
    known = Known()
    known.learn(["postgres://shop:hunter22@db.internal/shop"])
    assert mask("dial postgres://shop:hunter22@db.internal/shop now", known) == f"dial {MASK} now"
