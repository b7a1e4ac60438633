"""How the local API says no: {"error": {field, message, remedy, code}}; pages have words for the code."""

from fastapi.responses import JSONResponse


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """Answered as it says."""

    def __init__(self, status: int, field: str, message: str, remedy: str, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(field, message, remedy, code)

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body, self.status)


def error_body(field: str, message: str, remedy: str, code: str = "") -> dict[str, dict[str, str]]:
    """As JSON."""
    return {"error": {"field": field, "message": message, "remedy": remedy, "code": code}}
