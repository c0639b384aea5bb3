"""Logging in, and who is let in: mod-login and mod-authtoken behind Okapi, or mod-login-keycloak behind Kong.

Facts: folio-eholdings-api §4. Access tokens live ten minutes; a refresh token can be used once, and using it again
revokes all of the user's; five failures within ten minutes block the account.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.datastructures import Headers
from starlette.responses import Response

from sync.sandbox.controls import Controls
from sync.sandbox.folio import bodies
from sync.sandbox.folio.errors import JSON, RefusalError, gateway, json_answer, plain
from sync.sandbox.folio.module import stable_uuid
from sync.sandbox.folio.schema import read
from sync.sandbox.folio.switches import FolioSwitches

ACCESS_COOKIE = "folioAccessToken"
REFRESH_COOKIE = "folioRefreshToken"
_WRONG = "wrong.username.or.wrong.password.or.account.blocked"


@dataclass(slots=True)
class _RefreshToken:
    expires: float
    spent: bool = False


class Login:
    """The accounts and tokens of one tenant with one user."""

    def __init__(self, switches: FolioSwitches, controls: Controls) -> None:
        self._switches = switches
        self._controls = controls
        self._access: dict[str, float] = {}
        self._refresh: dict[str, _RefreshToken] = {}
        self._failures: list[float] = []
        self.blocked = False

    @property
    def user_id(self) -> str:
        """Return the user's UUID."""
        return stable_uuid("user", self._switches.username)

    def unblock(self) -> None:
        """Unblock the account, as an administrator would."""
        self.blocked = False
        self._failures.clear()

    def revoke_all(self) -> None:
        """Make every token invalid, as a restart of the token store would."""
        self._access.clear()
        self._refresh.clear()

    # --- logging in

    def with_expiry(self, headers: Headers, body: bytes) -> Response:
        """Answer POST /authn/login-with-expiry: 201 with two cookies and their times."""
        self._check_password(headers, body)
        return self._pair()

    def legacy(self, headers: Headers, body: bytes) -> Response:
        """Answer POST /authn/login: 404 for a tenant that is not a legacy token tenant."""
        self.check_tenant(headers)
        if not self._switches.legacy_login:
            text = f"Tenant not a legacy token tenant: {self._switches.tenant}. Please use /authn/login-with-expiry."
            raise RefusalError(plain(404, text))
        self._check_password(headers, body)
        token = self._new_access_token(float("inf"))
        response = json_answer({"okapiToken": token, "refreshToken": None}, 201, JSON)
        response.headers["x-okapi-token"] = token
        return response

    def refresh(self, headers: Headers, body: bytes) -> Response:  # noqa: ARG002  (every endpoint takes both)
        """Answer POST /authn/refresh: 201 with a new pair for a refresh token that was not used before."""
        self.check_tenant(headers)
        token = _cookies(headers).get(REFRESH_COOKIE)
        if token is None:
            raise RefusalError(gateway(400, "Missing cookie folioRefreshToken", "token.parse.failure"))
        known = self._refresh.get(token)
        if known is None or known.expires <= self._now():
            raise self._not_refreshed()
        if known.spent:
            self._refresh.clear()
            raise self._not_refreshed()
        known.spent = True
        return self._pair()

    def logout(self, headers: Headers, body: bytes) -> Response:  # noqa: ARG002
        """Answer POST /authn/logout: the refresh token is revoked; the access token lives on until it expires."""
        self.check_tenant(headers)
        self._refresh.pop(_cookies(headers).get(REFRESH_COOKIE, ""), None)
        return _expired_cookies()

    def logout_all(self, headers: Headers, body: bytes) -> Response:  # noqa: ARG002
        """Answer POST /authn/logout-all: all refresh tokens of the user are revoked."""
        self.check_tenant(headers)
        self._refresh.clear()
        return _expired_cookies()

    def _check_password(self, headers: Headers, body: bytes) -> None:
        self.check_tenant(headers)
        if not headers.get("content-type", "").startswith(JSON):
            text = f'Content-type header must be ["{JSON}"] but it is "{headers.get("content-type")}"'
            raise RefusalError(plain(400, text))
        given = read(body, bodies.LOGIN)
        switches, now = self._switches, self._now()
        right = given.get("username") == switches.username and given.get("password") == switches.password
        if right and not self.blocked:
            self._failures.clear()
            return
        if given.get("username") == switches.username:
            self._failures = [at for at in self._failures if at > now - switches.lockout_window_seconds] + [now]
            self.blocked = self.blocked or 0 < switches.lockout_after <= len(self._failures)
        if switches.login_style == "eureka":
            raise RefusalError(gateway(401, "Unauthorized error", "UNAUTHORIZED_ERROR"))
        error = {"message": "Wrong username, wrong password or blocked account", "type": "error", "code": _WRONG}
        raise RefusalError(json_answer({"errors": [error]}, 422, JSON))

    def _not_refreshed(self) -> RefusalError:
        eureka = self._switches.login_style == "eureka"
        code = "TOKEN_REFRESH_UNPROCESSABLE" if eureka else "token.refresh.unprocessable"
        return RefusalError(gateway(422, "Could not refresh token", code))

    def _pair(self) -> Response:
        now = self._now()
        access_until, refresh_until = now + self._switches.token_seconds, now + self._switches.refresh_seconds
        access, refresh = self._new_access_token(access_until), secrets.token_urlsafe(48)
        self._refresh = {token: one for token, one in self._refresh.items() if one.expires > now}
        self._refresh[refresh] = _RefreshToken(refresh_until)
        body = {"accessTokenExpiration": _moment(access_until), "refreshTokenExpiration": _moment(refresh_until)}
        response = json_answer(body, 201, JSON)
        for name, value, path, seconds in (
            (ACCESS_COOKIE, access, "/", self._switches.token_seconds),
            (REFRESH_COOKIE, refresh, "/authn", self._switches.refresh_seconds),
        ):
            cookie = f"{name}={value}; Max-Age={int(seconds)}; Path={path}; Secure; HttpOnly; SameSite=None"
            response.headers.append("set-cookie", cookie)
        return response

    def _new_access_token(self, until: float) -> str:
        now = self._now()
        self._access = {token: expires for token, expires in self._access.items() if expires > now}
        token = secrets.token_urlsafe(96)
        self._access[token] = until
        return token

    def _now(self) -> float:
        return self._controls.clock.now().timestamp()

    # --- being let in

    def check_tenant(self, headers: Headers) -> None:
        """Refuse a call without the tenant, or for another one.

        Raises:
            RefusalError: 400.
        """
        tenant = headers.get("x-okapi-tenant")
        if tenant == self._switches.tenant:
            return
        if self._switches.login_style == "eureka":
            raise RefusalError(gateway(400, f"Application is not enabled for tenant: {tenant}", "TENANT_NOT_ENABLED"))
        raise RefusalError(plain(400, "Tenant must be set" if tenant is None else f"No such Tenant {tenant}"))

    def admit(self, headers: Headers, permission: str) -> str:
        """Return the id of the user who calls.

        Raises:
            RefusalError: 400 without tenant or token or with differing tokens, 401 for a token that is unknown or has
                expired, 403 without the permission; Eureka has 404 and 401 for two of these.
        """
        self.check_tenant(headers)
        eureka = self._switches.login_style == "eureka"
        tokens = _tokens(headers)
        if len(tokens) > 1:
            if eureka:
                raise RefusalError(json_answer({"message": "no Route matched with those values"}, 404, JSON))
            raise RefusalError(plain(400, "Multiple tokens in header and cookie that are not the same"))
        if not tokens:
            if eureka:
                raise RefusalError(gateway(401, "Unauthorized", "AUTHORIZATION_ERROR"))
            raise RefusalError(plain(400, f"Token missing, access requires permission: {permission}"))
        if self._access.get(tokens.pop(), 0.0) <= self._now():
            if eureka:
                raise RefusalError(gateway(401, "Unauthorized", "AUTHORIZATION_ERROR"))
            raise RefusalError(plain(401, "Invalid token"))
        allowed = self._switches.permissions
        if permission and allowed is not None and permission not in allowed:
            if eureka:
                raise RefusalError(gateway(403, "Access Denied", "AUTHORIZATION_ERROR"))
            name = self._switches.username
            raise RefusalError(
                plain(403, f"Access for user '{name}' ({self.user_id}) requires permission: {permission}")
            )
        return self.user_id


def _tokens(headers: Headers) -> set[str]:
    found = {headers.get("x-okapi-token"), _cookies(headers).get(ACCESS_COOKIE)}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found.add(token.strip())
    return {token for token in found if token}


def _cookies(headers: Headers) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs if name}


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _expired_cookies() -> Response:
    response = Response(status_code=204)
    for name, path in ((ACCESS_COOKIE, "/"), (REFRESH_COOKIE, "/authn")):
        response.headers.append("set-cookie", f"{name}=; Max-Age=0; Path={path}; Secure; HttpOnly; SameSite=None")
    return response
