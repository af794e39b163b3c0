"""The tool `email-sender`: sends a letter by SMTP, by SendGrid or by SES of AWS.

Invariants: nothing that a script gives becomes a header of its own; credentials come from the environment and stand in
no answer and no error.
"""

import base64
import json
import os
import smtplib
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import getaddresses, make_msgid

from ..network.connection import Deadline, connect, shut_down
from ..network.settings import NetworkSettings, network_settings
from ..values import Value
from .aws_signature import Credentials, signed
from .output import ToolError, ToolOutput, envelope
from .registry import Parameters, ToolContext
from .settings import EmailSettings, email_settings, secret
from .web_request import http_of

MAX_RECIPIENTS = 100
MAX_BYTES = 10 * 1024 * 1024


def run(parameters: Parameters, context: ToolContext) -> ToolOutput:
    settings = email_settings(context.configuration.document)
    provider = parameters.get("provider", settings.provider)
    letter = _letter(parameters, settings)
    identifier = _SENDERS[provider](letter, settings, context)
    result: Value = {
        "provider": provider,
        "status": "sent",
        "message_id": identifier,
        "timestamp": datetime.now(UTC).isoformat(),
    }
    return envelope("send_email", result)


def _letter(parameters: Parameters, settings: EmailSettings) -> EmailMessage:
    sender = parameters.get("from") or settings.sender
    if not sender:
        raise ToolError(
            "missing parameter 'from'; or set from under [tools.email-sender] in llmspell.toml", "invalid_parameters"
        )
    senders, recipients = _addresses(sender, "from"), _addresses(parameters["to"], "to")
    if len(senders) != 1:
        raise ToolError("parameter 'from': expected one address", "invalid_parameters")
    subject, body = parameters["subject"], parameters["body"]
    if any(letter in subject for letter in "\r\n"):
        raise ToolError("parameter 'subject': expected one line", "invalid_parameters")
    if len(body.encode("utf-8", "replace")) > MAX_BYTES:
        raise ToolError(f"parameter 'body': larger than the limit of {MAX_BYTES} bytes", "too_large")
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = (
        senders[0],
        recipients,
        subject.encode("utf-8", "replace").decode(),
    )
    letter["Date"] = datetime.now(UTC)
    letter["Message-ID"] = make_msgid(domain=senders[0].domain)
    letter.set_content(body.encode("utf-8", "replace").decode(), subtype="html" if parameters["html"] else "plain")
    return letter


def _addresses(text: str, name: str) -> list[Address]:
    if any(letter in text for letter in "\r\n"):
        raise ToolError(f"parameter '{name}': expected one line", "invalid_parameters")
    pairs = getaddresses([text])
    if not 1 <= len(pairs) <= MAX_RECIPIENTS:
        raise ToolError(f"parameter '{name}': expected 1 to {MAX_RECIPIENTS} addresses", "invalid_parameters")
    found = []
    for display, address in pairs:
        user, at, domain = address.rpartition("@")
        try:
            if not (user and at and domain and address.isascii() and " " not in address):
                raise ValueError
            found.append(Address(display, user, domain))
        except (ValueError, IndexError):
            raise ToolError(
                f"parameter '{name}': expected addresses such as me@example.com, got {text[:100]!r}",
                "invalid_parameters",
            ) from None
    return found


def _by_smtp(letter: EmailMessage, settings: EmailSettings, context: ToolContext) -> str:
    if not settings.smtp_host:
        raise ToolError(
            "no mail server is configured: set host under [tools.email-sender.smtp] in llmspell.toml", "not_configured"
        )
    network = network_settings(context.configuration.document, "email-sender")
    deadline = Deadline(network.timeout, context.cancellation)
    password = ""
    if settings.smtp_user:
        password = secret(settings.smtp_password_variable, f"the password of '{settings.smtp_user}'")
    server = f"{settings.smtp_host}:{settings.smtp_port}"
    client = _Client(settings, network, deadline)
    try:
        client.send(letter, password)
    except smtplib.SMTPAuthenticationError:
        raise ToolError(
            f"{server} refused the user and password: check user under [tools.email-sender.smtp] and the environment "
            f"variable {settings.smtp_password_variable}",
            "access_denied",
        ) from None
    except smtplib.SMTPRecipientsRefused as error:
        refused = "; ".join(f"{address}: {_reason(reply)}" for address, (_, reply) in error.recipients.items())
        raise ToolError(f"{server} refused the recipients: {refused}", "refused") from None
    except smtplib.SMTPNotSupportedError as error:
        raise ToolError(f"{server}: {error} (security is '{settings.smtp_security}')", "unsupported") from None
    except smtplib.SMTPResponseException as error:
        raise ToolError(
            f"{server} refused the letter: {error.smtp_code} {_reason(error.smtp_error)}", "refused"
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        context.cancellation.check()
        if deadline.is_over:
            raise ToolError(f"{server}: {deadline.over()}", "timeout") from None
        raise ToolError(f"{server}: {_text(error)}", "network_error") from None
    finally:
        client.close()
    return str(letter["Message-ID"])


class _Client:
    """One connection to a mail server, to an address that was checked."""

    def __init__(self, settings: EmailSettings, network: NetworkSettings, deadline: Deadline) -> None:
        self._settings, self._network, self._deadline = settings, network, deadline
        self._socket: socket.socket | None = None

    def send(self, letter: EmailMessage, password: str) -> None:
        settings = self._settings
        connection = connect(self._network, settings.smtp_host, settings.smtp_port, self._deadline)
        self._socket = connection
        with self._deadline.cancellation.ending(self._shut_down):
            if settings.smtp_security == "tls":
                connection.settimeout(self._deadline.remaining())
                connection = _trust().wrap_socket(connection, server_hostname=settings.smtp_host)
                self._socket = connection
            server = _Server(connection, self._deadline)
            server.ehlo_or_helo_if_needed()
            if settings.smtp_security == "starttls":
                server.starttls_as(settings.smtp_host)
                self._socket = server.sock
                server.ehlo_or_helo_if_needed()
            if settings.smtp_user:
                server.login(settings.smtp_user, password)
            server.send_message(letter)
            with suppress(smtplib.SMTPException):
                server.quit()

    def _shut_down(self) -> None:
        if self._socket is not None:
            shut_down(self._socket)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


class _Server(smtplib.SMTP):
    """smtplib over a socket that is connected already."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._deadline = deadline
        self._connection = connection
        super().__init__("connected", 25, local_hostname="localhost", timeout=deadline.remaining())

    def _get_socket(self, _host: str, _port: int, _timeout: float) -> socket.socket:
        self._connection.settimeout(self._deadline.remaining())
        return self._connection

    def starttls_as(self, host: str) -> None:
        """TLS for the name that the server is known by, not for the one that smtplib thinks it has connected to."""
        self._host = host
        self.starttls(context=_trust())

    def putcmd(self, cmd: str, args: str = "") -> None:
        if self.sock is not None:
            self.sock.settimeout(self._deadline.remaining())
        super().putcmd(cmd, args)


def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _reason(reply: bytes | str) -> str:
    return (reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply))[:300]


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _by_sendgrid(letter: EmailMessage, settings: EmailSettings, context: ToolContext) -> str:
    key = secret(settings.sendgrid_key_variable, "the key of provider 'sendgrid'")
    body = {
        "personalizations": [{"to": [_party(one) for one in letter["To"].addresses]}],
        "from": _party(letter["From"].addresses[0]),
        "subject": str(letter["Subject"]),
        "content": [{"type": letter.get_content_type(), "value": letter.get_content()}],
    }
    with http_of("email-sender", context) as http:
        answer = http.request(
            "POST",
            f"{settings.sendgrid_url}/v3/mail/send",
            headers={"authorization": f"Bearer {key}", "content-type": "application/json"},
            content=json.dumps(body).encode("ascii"),
        )
    if answer.status in {401, 403}:
        raise ToolError(
            f"sendgrid refused the key: check the environment variable {settings.sendgrid_key_variable}",
            "access_denied",
        )
    if not answer.is_success:
        raise ToolError(f"sendgrid refused the letter: {answer.status} {_problem(answer.value())}", "refused")
    return answer.headers.get("x-message-id", str(letter["Message-ID"]))


def _by_ses(letter: EmailMessage, settings: EmailSettings, context: ToolContext) -> str:
    if not settings.ses_region:
        raise ToolError(
            "provider 'ses' needs a region: set region under [tools.email-sender.ses] in llmspell.toml, or AWS_REGION",
            "not_configured",
        )
    credentials = Credentials(
        secret("AWS_ACCESS_KEY_ID", "the access key of provider 'ses'"),
        secret("AWS_SECRET_ACCESS_KEY", "the secret key of provider 'ses'"),
        os.environ.get("AWS_SESSION_TOKEN", ""),
        settings.ses_region,
    )
    body = {
        "FromEmailAddress": str(letter["From"]),
        "Destination": {"ToAddresses": [one.addr_spec for one in letter["To"].addresses]},
        "Content": {"Raw": {"Data": base64.b64encode(letter.as_bytes()).decode("ascii")}},
    }
    content = json.dumps(body).encode("ascii")
    base = settings.ses_url or f"https://email.{settings.ses_region}.amazonaws.com"
    url = f"{base}/v2/email/outbound-emails"
    headers = signed("POST", url, {"content-type": "application/json"}, content, "ses", credentials, datetime.now(UTC))
    with http_of("email-sender", context) as http:
        answer = http.request("POST", url, headers=headers, content=content)
    if answer.status in {401, 403}:
        raise ToolError("ses refused the keys: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "access_denied")
    value = answer.value()
    if not answer.is_success:
        reason = value.get("message", "") if isinstance(value, dict) else ""
        raise ToolError(f"ses refused the letter: {answer.status} {str(reason)[:300]}", "refused")
    return str(value.get("MessageId", letter["Message-ID"]) if isinstance(value, dict) else letter["Message-ID"])


def _party(address: Address) -> dict[str, str]:
    return {"email": address.addr_spec, **({"name": address.display_name} if address.display_name else {})}


def _problem(value: Value) -> str:
    errors = value.get("errors") if isinstance(value, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    return str(first.get("message", ""))[:300] if isinstance(first, dict) else ""


_SENDERS: Mapping[str, Callable[[EmailMessage, EmailSettings, ToolContext], str]] = {
    "smtp": _by_smtp,
    "sendgrid": _by_sendgrid,
    "ses": _by_ses,
}
