"""The time, as all rows keep it: UTC, in whole milliseconds since 1970."""

import time
from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def utc(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)
