"""Signing in by hand with PKCE, and refreshing through google-auth."""

import unittest

import google.auth.exceptions
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

import peer


class AuthorisationCode(unittest.TestCase):
    def setUp(self):
        self.address = peer.new_address("oauth")
        self.scopes = peer.CONTACTS_SCOPES + peer.IDENTITY_SCOPES

    def test_the_whole_flow_gives_tokens_of_the_hinted_account(self):
        back, verifier = peer.authorize(self.address, self.scopes)
        status, tokens = peer.exchange(back["code"], verifier)
        self.assertEqual(status, 200, tokens)
        self.assertEqual(tokens["token_type"], "Bearer")
        self.assertIn("refresh_token", tokens)
        self.assertIn("id_token", tokens)
        granted = set(tokens["scope"].split())
        self.assertIn(peer.CONTACTS_SCOPES[0], granted)
        self.assertTrue(3500 <= tokens["expires_in"] <= 3600, tokens)
        people = peer.service("people", "v1", Credentials(tokens["access_token"])).people()
        me = people.get(resourceName="people/me", personFields="emailAddresses").execute()
        self.assertEqual(me["emailAddresses"][0]["value"], self.address)

    def test_a_wrong_or_missing_verifier_is_refused(self):
        for verifier in ("x" * 43, None):
            back, _ = peer.authorize(self.address, self.scopes)
            status, answer = peer.exchange(back["code"], verifier)
            self.assertEqual((status, answer["error"]), (400, "invalid_grant"))

    def test_a_code_is_good_once_and_for_its_redirect(self):
        back, verifier = peer.authorize(self.address, self.scopes)
        other = "http://127.0.0.1:10/callback"
        status, answer = peer.exchange(back["code"], verifier, redirect_uri=other)
        self.assertEqual(status, 400, answer)
        back, verifier = peer.authorize(self.address, self.scopes)
        self.assertEqual(peer.exchange(back["code"], verifier)[0], 200)
        status, answer = peer.exchange(back["code"], verifier)
        self.assertEqual((status, answer["error"]), (400, "invalid_grant"))


class Refresh(unittest.TestCase):
    def setUp(self):
        self.credentials = peer.sign_in(peer.new_address("oauth"), peer.CONTACTS_SCOPES)

    def test_google_auth_refreshes_and_keeps_the_refresh_token(self):
        before = (self.credentials.token, self.credentials.refresh_token)
        self.credentials.refresh(Request())
        self.assertNotEqual(self.credentials.token, before[0])
        self.assertEqual(self.credentials.refresh_token, before[1])
        self.assertTrue(self.credentials.valid)

    def test_the_client_refreshes_by_itself_after_a_401(self):
        self.credentials.token = "ya29.long-dead"
        people = peer.service("people", "v1", self.credentials).people()
        people.get(resourceName="people/me", personFields="names").execute()
        self.assertNotEqual(self.credentials.token, "ya29.long-dead")

    def test_a_revoked_token_ends_in_a_refresh_error(self):
        status, _ = peer.post_form(
            f"{peer.sim_url()}/revoke", {"token": self.credentials.refresh_token}
        )
        self.assertEqual(status, 200)
        with self.assertRaises(google.auth.exceptions.RefreshError) as caught:
            self.credentials.refresh(Request())
        self.assertIn("invalid_grant", str(caught.exception))

    def test_build_finds_its_document_and_takes_another_endpoint(self):
        options = {"api_endpoint": peer.sim_url() + "/"}
        people = build(
            "people", "v1", credentials=self.credentials, client_options=options,
            static_discovery=True,
        ).people()
        made = people.createContact(body={"names": [{"givenName": "Built"}]}).execute()
        self.assertTrue(made["resourceName"].startswith("people/c"))


class Scopes(peer.PeerTest):
    def test_a_missing_scope_is_a_403_with_its_reason(self):
        credentials = peer.sign_in(peer.new_address("oauth"), peer.CALENDAR_SCOPES)
        people = peer.service("people", "v1", credentials).people()
        request = people.connections().list(resourceName="people/me", personFields="names")
        error = self.fails(403, request)
        self.assertEqual(error["details"][0]["reason"], "ACCESS_TOKEN_SCOPE_INSUFFICIENT")

    def test_a_token_that_nobody_gave_is_a_401(self):
        people = peer.service("people", "v1", Credentials("ya29.nobody")).people()
        with self.assertRaises(google.auth.exceptions.RefreshError):
            people.get(resourceName="people/me", personFields="names").execute()


if __name__ == "__main__":
    unittest.main()
