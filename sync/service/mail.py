"""A mail after a run that changed something, failed, or needs a decision; nothing when all is well and quiet."""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage

import structlog

from sync.engine.running import Ended
from sync.errors import SyncError
from sync.logs import printable
from sync.service.worker import told
from sync.settings import MailSettings
from sync.store.ticks import Tick
from sync.transport.redaction import scrub

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SECONDS = 30


def written(pair: str, tick: Tick | None, ended: Ended | None, error: SyncError | None) -> EmailMessage | None:
    """Return the mail about a run, without its addresses; None where nobody need know."""
    if error is not None:
        return _message(f"{pair}: a run failed" if error.kind != "quota" else "", error.message, error.advice)
    if ended is None:
        return None
    summary, result = ended.plan.summary, ended.result
    waits = summary.withheld or summary.conflict or (result is None and summary.writes)
    troubled = result is not None and (result.failed or result.skipped)
    changed = result is not None and result.verified
    if not (waits or troubled or changed):
        return None
    what = "needs a decision" if waits else "had records that failed" if troubled else "changed records"
    due = f", due at {tick.due_at:%Y-%m-%d %H:%M} UTC" if tick else ""
    lines = [f"Run {ended.run_id}{due}: {told(ended)}."]
    if summary.withheld or (result is None and summary.writes):
        lines.append(f"What waits, and why: alma-folio-sync --pair {pair} plans, then plan show ID --withheld")
    if summary.conflict:
        lines.append(f"Decide the conflicts: alma-folio-sync --pair {pair} conflicts list")
    lines.append(f"All of it: alma-folio-sync --pair {pair} plan show {ended.plan.id}")
    return _message(f"{pair}: a run {what}", *lines)


def _message(subject: str, *lines: str) -> EmailMessage | None:
    if not subject:
        return None
    message = EmailMessage()
    message["Subject"] = printable(scrub(f"alma-folio-sync, {subject}")).replace("\n", " ")
    message.set_content(printable(scrub("\n\n".join(lines))) + "\n")
    return message


async def send(settings: MailSettings, message: EmailMessage) -> None:
    """Send a mail; what keeps it from being sent is logged, and stops nothing else."""
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    try:
        await asyncio.to_thread(_send, settings, message)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("a mail was not sent", action="daemon.mail", host=settings.host, error=f"{type(error).__name__}")


def _send(settings: MailSettings, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    if settings.encryption == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=SECONDS, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=SECONDS)
    with server:
        if settings.encryption == "starttls":
            server.starttls(context=context)
        if settings.username:
            server.login(settings.username, settings.password.get_secret_value())
        server.send_message(message)
