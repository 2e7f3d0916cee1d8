"""The people of the campus: accounts, profiles, addresses and browsers."""

from __future__ import annotations

from dataclasses import dataclass

from edxtasks.simulate.chance import fraction, hexadecimal, mix

_GIVEN = (
    "anna", "ben", "carla", "dmitri", "elena", "farid", "grace", "hiro", "ines", "jonas", "kavya", "liam",
    "maria", "nadia", "omar", "petra", "quinn", "rosa", "sven", "tariq", "uma", "viktor", "wanda", "yusuf",
)  # fmt: skip
_FAMILY = (
    "almeida", "berg", "chen", "dube", "eriksen", "fischer", "garcia", "haddad", "ivanov", "jensen", "kumar",
    "lopez", "meyer", "nguyen", "okafor", "park", "quist", "rossi", "silva", "tanaka", "usman", "vega", "xu",
)  # fmt: skip
_BEYOND_ASCII = ("zoë", "łukasz", "юлия", "王芳", "josé", "çağla", "नेहा", "søren")
_TLD = ("example.com", "example.org", "mail.example.edu", "example.net")
_EDUCATION = ("p", "m", "b", "a", "hs", "jhs", "el", "none", "other", "p_se", "p_oth", "")
_COUNTRIES = ("US", "IN", "GB", "CN", "BR", "DE", "NA", "KR", "PH", "JP", "")

AGENTS = (
    "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/38.0.2125.101 "
    "Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_5) AppleWebKit/600.1.17 (KHTML, like Gecko) Version/7.1 "
    "Safari/537.85.10",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:32.0) Gecko/20100101 Firefox/32.0",
    "Mozilla/5.0 (Windows NT 6.3; Trident/7.0; rv:11.0) like Gecko",
)
MOBILE_AGENT = "Dalvik/2.1.0 (Linux; U; Android 5.0.2; Nexus 5 Build/LRX22G)"
LANGUAGES = (
    "en-US,en;q=0.8",
    "pt-BR,pt;q=0.8,en;q=0.6",
    "zh-CN,zh;q=0.8",
    "de,en-US;q=0.7",
    "en-GB,en;q=0.8",
)

CAFES = ("81.2.69.142", "2.125.160.216", "216.160.83.56", "89.160.20.112")
"""Addresses of cafés and libraries, where many learners meet."""

_TEXTS = (
    "To learn\tsomething new",
    'She said "learn!" and I did\nSecond line',
    "C:\\courses\\new\\table",
    "Curiosity 🎓 and an emoji 🚀",
    "line one\r\nline two\rline three",
    "Ünïcödé — “quotes” and a NULL inside",
    'unbalanced " quote',
    "ends in a backslash\\",
)


@dataclass(frozen=True)
class Profile:
    """What the account and profile tables of edX say about a person; texts as they are in the database."""

    user_id: int
    username: str
    email: str
    first_name: str
    last_name: str
    name: str
    hash_id: str
    gender: str | None
    year_of_birth: int | None
    level_of_education: str | None
    country: str | None
    city: str | None
    location: str
    language: str
    mailing_address: str
    goals: str | None
    meta: str
    is_staff: int
    joined: int
    retired: bool


def user_id(number: int) -> int:
    """The account number of person `number`."""
    return 100_003 + 3 * number


def username(seed: int, number: int, slot: int = -1) -> str:
    """The login name of person `number`.

    `slot` is the person's fixed role in a course, if any: one of them has letters beyond ASCII in the
    name, and two of them have names that differ in upper and lower case alone.
    """
    if slot == 10:
        return f"sam_lee_{number - slot}"
    if slot == 11:
        return f"Sam_Lee_{number - slot}"
    chance = mix(seed, 11, number)
    if slot == 9 or (slot < 0 and number % 41 == 7):
        return f"{_BEYOND_ASCII[chance % len(_BEYOND_ASCII)]}_{number}"
    given = _GIVEN[chance % len(_GIVEN)]
    family = _FAMILY[(chance >> 8) % len(_FAMILY)]
    return (f"{given}{family}{number}", f"{given}_{family}_{number}", f"{given}-{number}")[(chance >> 16) % 3]


def profile(seed: int, number: int, slot: int, is_staff: bool, is_retired: bool, joined: int) -> Profile:
    """The profile of person `number`; every eighth has texts that are hard to write into a dump."""
    chance = mix(seed, 12, number)
    login = username(seed, number, slot)
    given = _GIVEN[mix(seed, 11, number) % len(_GIVEN)].capitalize()
    family = _FAMILY[(mix(seed, 11, number) >> 8) % len(_FAMILY)].capitalize()
    hash_id = hexadecimal(32, seed, 13, number)
    if is_retired:
        digest = hexadecimal(40, seed, 14, number)
        return Profile(
            user_id(number), f"retired__user_{digest}", f"retired__user_{digest}@retired.invalid", "", "", "",
            hash_id, "", None, "", "", "", "", "", "", "", "", 0, joined, True,
        )  # fmt: skip
    awkward = _TEXTS[(chance >> 3) % len(_TEXTS)] if chance % 8 == 0 or 0 <= slot < len(_TEXTS) else ""
    if 0 <= slot < len(_TEXTS):
        awkward = _TEXTS[slot]
    sparse = chance % 5 == 4
    return Profile(
        user_id=user_id(number),
        username=login,
        email=f"person{number}@{_TLD[chance % len(_TLD)]}",
        first_name="",
        last_name="",
        name=f"{given} {family}" if not awkward or slot % 2 == 0 else f"{given} {awkward}",
        hash_id=hash_id,
        gender=("m", "f", "o", "", None)[(chance >> 5) % 5] if not sparse else None,
        year_of_birth=None if sparse else 1940 + (chance >> 9) % 62,
        level_of_education=None if sparse else _EDUCATION[(chance >> 17) % len(_EDUCATION)],
        country=None if sparse else _COUNTRIES[(chance >> 23) % len(_COUNTRIES)],
        city=None if sparse else ("Linköping", "London", "", "São Paulo", "Windhoek")[(chance >> 29) % 5],
        location="" if sparse else f"Street {chance % 99}",
        language=("", "en", "Español", "中文")[(chance >> 33) % 4],
        mailing_address=awkward if slot % 3 == 1 else "",
        goals=awkward or (None if sparse else "To learn"),
        meta='{"old_names": [["' + given + ' \\u00e9", "", "2013-01-01T00:00:00+00:00"]]}'
        if chance % 3 == 0
        else "",
        is_staff=int(is_staff),
        joined=joined,
        retired=False,
    )


def home_address(seed: int, number: int) -> str:
    """The internet address at which person `number` lives; some are private or known to no database."""
    chance = mix(seed, 15, number)
    low = chance >> 8
    place = chance % 16
    if place < 3:
        return f"2001:218::{low % 0xFFFF:x}"
    if place < 5:
        return f"2a02:d3c0:{low % 0xFFFF:x}::{(low >> 16) % 0xFFFF:x}"
    if place < 6:
        return f"2001:2b8::{low % 0xFFFF:x}"
    if place < 9:
        return f"202.196.{224 + low % 16}.{1 + (low >> 4) % 250}"
    if place < 11:
        return f"175.16.199.{low % 256}"
    if place < 12:
        return f"67.43.156.{low % 256}"
    if place < 13:
        return f"81.2.69.{160 + low % 32}"
    if place < 14:
        return f"89.160.20.{128 + low % 127}"
    if place < 15:
        return f"10.{low % 256}.{(low >> 8) % 256}.{(low >> 16) % 256}"
    return f"198.51.100.{low % 256}"


def address(seed: int, number: int, day: int, visit: int) -> str:
    """Where person `number` is during a visit: mostly at home, now and then in one of two cafés."""
    chance = fraction(seed, 16, number, day, visit)
    if chance < 0.82:
        return home_address(seed, number)
    return CAFES[(number + (chance > 0.94)) % len(CAFES)]
