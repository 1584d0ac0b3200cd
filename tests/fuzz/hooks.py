"""What Schemathesis cannot know of this service."""

import re
import uuid

import schemathesis

KEY = re.compile("[!-~]{1,255}")


@schemathesis.hook  # type: ignore[untyped-decorator]  # installed by `make fuzz-api` only
def before_call(context: schemathesis.HookContext, case: schemathesis.Case, _kwargs: object) -> None:
    """Have every valid Idempotency-Key be a new one.

    Short texts come up again by chance; then the answer is the stored one, of an experiment that may be gone by now.
    """
    for name, value in (case.headers or {}).items():
        if name.lower() == "idempotency-key" and KEY.fullmatch(str(value)):
            case.headers[name] = f"{value[:200]}{uuid.uuid4()}"
