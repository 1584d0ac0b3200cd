"""A page in the browser, and everything that it asked for and complained about."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page

# A name, as a service has on a network: what browsers and Swagger UI do for 127.0.0.1 alone is not relied upon.
HOST = "trainyard.test"


class Visit:
    """One page, watched from its first request on."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("websocket", lambda socket: self.requests.append(socket.url))
        page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> None:
        self.page.goto(self.origin + path)

    def foreign_requests(self) -> list[str]:
        return [url for url in self.requests if not url.startswith((f"{self.origin}/", "data:"))]

    def operation(self, name: str) -> Locator:
        """The operation with this id, unfolded."""
        block = self.page.locator(f".opblock[id$='-{name}']")
        block.locator(".opblock-summary-control").click()
        block.get_by_role("button", name="Execute").wait_for()
        return block

    def faint_texts(self) -> list[Any]:
        """Every visible text with less contrast than WCAG 2 asks for at level AA."""
        # An example of an answer has the colors of the answer, in hundreds of elements more.
        context = {"exclude": [[".example.microlight"]]}
        found = Axe().run(self.page, context, {"runOnly": ["color-contrast"]}).response
        assert found["passes"], "nothing was measured"
        return [
            (node["html"], node["failureSummary"]) for rule in found["violations"] for node in rule["nodes"]
        ]
