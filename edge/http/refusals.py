"""How the local API says no: {"error": {field, message, remedy}}."""

from fastapi.responses import JSONResponse


class Refusal(Exception):  # noqa: N818  # an answer, not a fault
    """Answered as it says."""

    def __init__(self, status: int, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.body = error_body(field, message, remedy)

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse(self.body, self.status)


def error_body(field: str, message: str, remedy: str) -> dict[str, dict[str, str]]:
    """As JSON."""
    return {"error": {"field": field, "message": message, "remedy": remedy}}
