"""Advice on how to upload, for refusals of other attempts."""

from __future__ import annotations

__all__ = ["USE_ANNOUNCEMENTS", "USE_A_FORM", "way_to_upload"]

_PATH = "/v1/datasets"
_SEPARATELY = (
    f"POST its options as JSON to {_PATH}/announcements, then PUT the file to links.content of the response"
)

USE_A_FORM = (
    f"Send the file in the field file of a multipart/form-data form: curl -F file=@data.csv … {_PATH}. To "
    f"send it without a form, {_SEPARATELY}."
)
USE_ANNOUNCEMENTS = (
    f"POST {_PATH} takes multipart/form-data with the file. To announce a file as JSON, POST this body to "
    f"{_PATH}/announcements, then PUT the file to links.content of the response."
)


def way_to_upload(method: str, path: str) -> str:
    """Advice for a file sent to the wrong place, as ``curl -T`` does; empty for other requests."""
    if method != "PUT" or not f"{path}/".startswith(f"{_PATH}/"):
        return ""
    return f" To upload a file without a form, {_SEPARATELY}."
