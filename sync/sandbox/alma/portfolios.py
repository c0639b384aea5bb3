"""What portfolios have in common whether they are reached below their service or below their bib."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma import fields
from sync.sandbox.alma.errors import AlmaError
from sync.sandbox.alma.records import Bib, Portfolio, Service, Values
from sync.sandbox.alma.world import World, parameters
from sync.sandbox.alma.write import Body, Writer, read_body

NO_PORTFOLIO = "Failed to find the Portfolio ID."


@dataclass(frozen=True, slots=True)
class PortfolioRules:
    """Reading, creating, changing and deleting portfolios."""

    world: World

    def below_service(self, request: Request, missing: AlmaError | None = None) -> Portfolio:
        """Return the portfolio a path below /electronic names.

        Its collection and service only matter if the switch says so (facts: endpoints, 60123 only).
        """
        named = request.path_params
        portfolio = self.world.state.portfolios.get(named["portfolio_id"])
        if portfolio is not None and self.world.switches.validate_portfolio_parents:
            service = portfolio.service
            wanted = (named["collection_id"], named["service_id"])
            if service is None or (service.collection.id, service.id) != wanted:
                portfolio = None
        if portfolio is None:
            raise missing or AlmaError("60123", NO_PORTFOLIO)
        return portfolio

    async def body(self, request: Request) -> Body:
        """Return the body of a portfolio write."""
        return read_body(await request.body(), fields.PORTFOLIO, self.world.switches)

    def listed(self, request: Request, portfolios: Mapping[str, Portfolio]) -> Response:
        """Return a page of brief records."""
        renderer = self.world.renderer(request)
        page = [renderer.portfolio_brief(each) for each in self.world.page(request, portfolios.values())]
        return self.world.listed(request, "portfolios", "portfolio", page, len(portfolios))

    def shown(self, request: Request, portfolio: Portfolio) -> Response:
        """Return the full record."""
        return self.world.answer(request, "portfolio", self.world.renderer(request).portfolio(portfolio))

    def create(self, request: Request, bib: Bib, service: Service | None, body: Body) -> Response:
        """Add a portfolio; what its body says about coverage has no effect unless the switch says so."""
        if self.world.switches.coverage_on_create_ignored:
            body = {name: value for name, value in body.items() if name != "coverage_details"}
        values = self._values({}, body, managed=False)
        return self.shown(request, self.world.state.add_portfolio(bib, service, values, is_local=True))

    async def update(self, request: Request, portfolio: Portfolio) -> Response:
        """Change a portfolio. Its bib, its collection and whether it is standalone stay as they are."""
        body = await self.body(request)
        portfolio.values = self._values(portfolio.values, body, managed=not portfolio.is_local)
        return self.shown(request, portfolio)

    def _values(self, old: Values, body: Body, *, managed: bool) -> Values:
        writer = Writer(self.world.switches, self.world.state.institution, managed)
        return writer.merged(fields.PORTFOLIO, old, body)

    def delete(self, request: Request, portfolio: Portfolio, *, default: str) -> Response:
        """Remove a portfolio, now or, by the switch, some seconds later."""
        if portfolio.gone_at is not None:
            raise AlmaError("60174")
        treatment = parameters(request).get("bib") or default
        if treatment not in ("retain", "suppress", "delete"):
            raise AlmaError("60175")
        seconds = self.world.switches.delete_in_process_seconds
        if seconds > 0:
            portfolio.bib_afterwards = treatment
            self.world.state.leave_later(portfolio, self.world.controls.clock.now() + timedelta(seconds=seconds))
        else:
            self.world.state.remove_portfolio(portfolio, bib=treatment)
        return Response(status_code=204)
