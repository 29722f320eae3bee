"""What the peers share: the pretend Google's address, a sign-in, the official client.

Nothing here replaces a part of Google's own libraries: they get their own discovery documents
and their own credentials, with nothing changed but the host they talk to.
"""

import base64
import hashlib
import json
import os
import secrets
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

from google.oauth2.credentials import Credentials
from googleapiclient import discovery_cache
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

CALENDAR_SCOPES = [
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
]
CONTACTS_SCOPES = ["https://www.googleapis.com/auth/contacts"]
IDENTITY_SCOPES = ["openid", "email"]

CLIENT_ID = "123456789012-peer.apps.googleusercontent.com"
CLIENT_SECRET = "GOCSPX-peer"
REDIRECT = "http://127.0.0.1:9/callback"


def sim_url():
    """Returns the root of the pretend Google, without a slash at its end."""
    return os.environ["GOOGLE_SIM_URL"].rstrip("/")


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to the caller, as a browser's address bar does."""

    def redirect_request(self, *_args):
        return None


OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def call(verb, url, body=None, headers=None):
    """Sends one plain request; returns the status, the headers and the text."""
    request = urllib.request.Request(url, data=body, method=verb, headers=headers or {})
    try:
        with OPENER.open(request) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def post_form(url, fields):
    """Posts a form; returns the status and the parsed answer."""
    status, _, text = call("POST", url, urllib.parse.urlencode(fields).encode())
    return status, json.loads(text or "{}")


def control(path, body):
    """Uses the pretend Google's own controls, which Google does not have."""
    headers = {"Content-Type": "application/json"}
    url = f"{sim_url()}/_sim/{path}"
    status, _, text = call("POST", url, json.dumps(body).encode(), headers)
    if not 200 <= status < 300:
        raise RuntimeError(f"{path}: {status} {text}")
    return json.loads(text or "{}")


def expire_sync_tokens(address):
    """Makes every sync token of an account expired, in both services."""
    for what in ("calendar", "people"):
        control("expire", {"account": address, "what": what})


def new_address(name="peer"):
    """Returns the address of an account that nobody has used."""
    return f"{name}-{uuid.uuid4().hex[:12]}@example.org"


def authorize(address, scopes, **changes):
    """Follows the authorise page with PKCE; returns the redirect's parameters and the verifier."""
    verifier = secrets.token_urlsafe(64)
    digest = hashlib.sha256(verifier.encode()).digest()
    fields = {
        "client_id": CLIENT_ID,
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": " ".join(scopes),
        "state": secrets.token_urlsafe(16),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "access_type": "offline",
        "prompt": "consent",
        "login_hint": address,
    }
    fields.update(changes)
    url = f"{sim_url()}/o/oauth2/v2/auth?{urllib.parse.urlencode(fields)}"
    status, headers, text = call("GET", url)
    if status not in (302, 303):
        raise RuntimeError(f"no redirect from the authorise page: {status} {text[:400]}")
    location = urllib.parse.urlsplit(headers["Location"])
    back = dict(urllib.parse.parse_qsl(location.query))
    if back.get("state") != fields["state"]:
        raise RuntimeError("the state did not come back")
    return back, verifier


def exchange(code, verifier, **changes):
    """Exchanges a code for tokens; returns the status and the answer."""
    fields = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "code": code,
        "code_verifier": verifier,
        "grant_type": "authorization_code",
        "redirect_uri": REDIRECT,
    }
    fields.update(changes)
    wanted = {key: value for key, value in fields.items() if value is not None}
    return post_form(f"{sim_url()}/token", wanted)


def sign_in(address, scopes):
    """Signs an account in and returns google-auth's credentials for it."""
    back, verifier = authorize(address, scopes)
    status, tokens = exchange(back["code"], verifier)
    if status != 200:
        raise RuntimeError(f"the code was refused: {tokens}")
    return Credentials(
        token=tokens["access_token"],
        refresh_token=tokens["refresh_token"],
        token_uri=f"{sim_url()}/token",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        scopes=scopes,
    )


def service(name, version, credentials, root=None):
    """Builds the official client from its own static document, pointed at the pretend Google."""
    document = json.loads(discovery_cache.get_static_doc(name, version))
    document["rootUrl"] = (root or sim_url()) + "/"
    document.pop("mtlsRootUrl", None)
    return build_from_document(document, credentials=credentials)


def pages(method, next_method, **parameters):
    """Returns every page of a listing, by the client's own paging."""
    request = method(**parameters)
    found = []
    while request is not None:
        answer = request.execute()
        found.append(answer)
        request = next_method(request, answer)
    return found


class PeerTest(unittest.TestCase):
    """A test that expects some calls to fail."""

    def fails(self, status, request):
        """Executes a request that must fail; returns the body of its error."""
        with self.assertRaises(HttpError) as caught:
            request.execute()
        error = caught.exception
        self.assertEqual(error.resp.status, status, error.content)
        return json.loads(error.content)["error"]


class CalendarTest(PeerTest):
    """A test with a calendar of its own."""

    def setUp(self):
        self.address = new_address("calendar")
        self.credentials = sign_in(self.address, CALENDAR_SCOPES)
        self.calendar = service("calendar", "v3", self.credentials)
        self.events = self.calendar.events()

    def insert(self, summary="Meeting", **more):
        body = {
            "summary": summary,
            "start": {"dateTime": "2026-03-02T10:00:00+01:00", "timeZone": "Europe/Paris"},
            "end": {"dateTime": "2026-03-02T11:00:00+01:00", "timeZone": "Europe/Paris"},
        }
        body.update(more)
        return self.events.insert(calendarId="primary", body=body).execute()

    def list(self, **parameters):
        return self.events.list(calendarId="primary", **parameters).execute()


class PeopleTest(PeerTest):
    """A test with an address book of its own."""

    def setUp(self):
        self.address = new_address("people")
        self.credentials = sign_in(self.address, CONTACTS_SCOPES)
        self.api = service("people", "v1", self.credentials)
        self.people = self.api.people()

    def create(self, given, **more):
        body = {"names": [{"givenName": given}], **more}
        return self.people.createContact(body=body).execute()

    def get(self, name, fields="names,emailAddresses,phoneNumbers,metadata"):
        return self.people.get(resourceName=name, personFields=fields).execute()

    def list(self, fields="names,metadata", **parameters):
        connections = self.people.connections()
        return connections.list(
            resourceName="people/me", personFields=fields, **parameters
        ).execute()
