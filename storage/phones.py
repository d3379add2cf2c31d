"""Phone numbers: their one spelling, the codes sent to them, and the proof that a registration uses up."""

from __future__ import annotations

import math
import re
import secrets
import time
from collections.abc import Callable

from storage.database import Database, Index, index
from storage.driver import DuplicateKeyError, ObjectId, ReturnDocument, Session
from storage.errors import Rejected
from storage.traces import Trace

NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
NATIONAL = re.compile(r"0[0-9]{9}")


def normal_number(typed: str) -> str:
    """Return the international form of a number, Australian where it names no country; raises ValueError."""
    number = re.sub(r"[\s.()-]", "", typed)
    if number.startswith("00"):
        number = "+" + number[2:]
    if NATIONAL.fullmatch(number):
        number = "+61" + number[1:]
    number = re.sub(r"\A\+610+", "+61", number)
    if NUMBER.fullmatch(number) is None:
        raise ValueError("is not a phone number")
    return number


def make_code() -> str:
    """Make six random digits."""
    return f"{secrets.randbelow(1_000_000):06}"


class Phones:
    """One document a number, in its normal form: the newest code, the guesses, and what a right one gave.

    Times are in Unix seconds, life times in seconds.
    """

    INDEXES: tuple[Index, ...] = (
        index("sms_verifications", "phone_number", unique=True),
        index("sms_verifications", "used_by"),
    )
    TRACES = (Trace("sms_verifications", "used_by"),)

    def __init__(
        self,
        database: Database,
        clock: Callable[[], float] = time.time,
        random_code: Callable[[], str] = make_code,
    ) -> None:
        self._verifications = database["sms_verifications"]
        self._clock = clock
        self._random_code = random_code

    async def expect(self, number: str, lifetime: int) -> str:
        """Make the code that proves the number from now on; whatever was there before is void."""
        now, code = self._clock(), self._random_code()
        fresh = {
            "verify_code": code,
            "attempts": 0,
            "succeeded": False,
            "created": int(now),
            "expiry": math.ceil(now + lifetime),
        }
        stale = dict.fromkeys(("verify_nonce", "succeeded_at", "used_by"), "")
        for last in (False, True):
            try:
                await self._verifications.update_one(
                    {"phone_number": number}, {"$set": fresh, "$unset": stale}, upsert=True
                )
            except DuplicateKeyError:
                if last:
                    raise
                continue  # another process made the number's document in the same moment
            break
        return code

    async def verify(self, number: str, code: str, nonce: str, tries: int) -> bool:
        """Check a guess, one of `tries`; a right one binds the nonce, and may be repeated with it.

        Counting and comparing are one step of the database: guesses made at once get no more tries.
        """
        now = self._clock()
        right = {"$eq": ["$verify_code", {"$literal": code}]}
        guess = {
            "attempts": {"$add": ["$attempts", 1]},
            "succeeded": right,
            "verify_nonce": {"$cond": [right, {"$literal": nonce}, "$$REMOVE"]},
            "succeeded_at": {"$cond": [right, now, "$$REMOVE"]},
        }
        row = await self._verifications.find_one_and_update(
            {"phone_number": number, "succeeded": False, "attempts": {"$lt": tries}, "expiry": {"$gt": now}},
            [{"$set": guess}],
            return_document=ReturnDocument.AFTER,
        )
        if row is not None:
            return bool(row["succeeded"])
        again = {"phone_number": number, "succeeded": True, "verify_code": code, "verify_nonce": nonce}
        return await self._verifications.find_one(again, {"_id": 1}) is not None

    async def claim(
        self, number: str, nonce: str, lifetime: int, user: ObjectId, session: Session | None
    ) -> None:
        """Use up the proof of a number for an account; raises Rejected when it is none, or no longer."""
        proof = {
            "phone_number": number,
            "succeeded": True,
            "succeeded_at": {"$gte": self._clock() - lifetime},
            "verify_nonce": nonce,
            "used_by": None,
        }
        used = await self._verifications.find_one_and_update(
            proof, {"$set": {"used_by": user}}, session=session
        )
        if used is None:
            raise Rejected("phone_verify_nonce", "does not prove this contact_number, or was used already")
