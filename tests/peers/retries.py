"""Faults: what the official client repeats by itself, and what a lost answer leaves behind."""

import unittest
import uuid

import peer


class Retries(peer.PeopleTest):
    def faults(self, *rules):
        self.addCleanup(peer.control, "faults", {"rules": []})
        peer.control("faults", {"seed": 1, "rules": list(rules)})

    def execute(self, request, retries=1):
        request._rand = lambda: 0  # The client's own switch for tests: it waits no time.
        return request.execute(num_retries=retries)

    def test_the_client_repeats_what_the_bodies_tell_it_to_repeat(self):
        for body in (
            "people-503-unavailable",
            "people-500-internal",
            "people-429-critical-reads",
            "people-429-fbs-quota",
        ):
            self.faults({"method": "people.people.get", "nth": 1, "body": body})
            name = self.create("A")["resourceName"]
            request = self.people.get(resourceName=name, personFields="names")
            self.assertEqual(self.execute(request)["resourceName"], name, body)

    def test_the_client_gives_up_at_once_on_a_refusal(self):
        self.faults(
            {"method": "people.people.connections.list", "nth": 1, "body": "people-403-service-disabled"}
        )
        request = self.people.connections().list(resourceName="people/me", personFields="names")
        error = self.fails(403, request)
        self.assertEqual(error["details"][0]["reason"], "SERVICE_DISABLED")

    def test_a_lost_answer_makes_a_second_contact(self):
        self.faults(
            {"method": "people.people.createContact", "nth": 1, "when": "after", "status": 503}
        )
        request = self.people.createContact(body={"names": [{"givenName": "Twice"}]})
        self.execute(request)
        self.assertEqual(self.list()["totalItems"], 2)


class CalendarRetries(peer.CalendarTest):
    faults = Retries.faults
    execute = Retries.execute

    def test_a_lost_answer_and_an_own_id_end_in_a_409(self):
        own = uuid.uuid4().hex
        self.faults({"method": "calendar.events.insert", "nth": 1, "when": "after", "status": 503})
        body = {"id": own, "start": {"date": "2026-03-02"}, "end": {"date": "2026-03-03"}}
        request = self.events.insert(calendarId="primary", body=body)
        request._rand = lambda: 0
        with self.assertRaises(peer.HttpError) as caught:
            request.execute(num_retries=1)
        self.assertEqual(caught.exception.resp.status, 409)
        self.assertEqual([event["id"] for event in self.list()["items"]], [own])

    def test_rate_limits_are_repeated_and_quotas_are_not(self):
        for body in ("calendar-403-rateLimitExceeded", "calendar-403-userRateLimitExceeded"):
            self.faults({"method": "calendar.events.list", "nth": 1, "body": body})
            self.execute(self.events.list(calendarId="primary"))
        self.faults({"method": "calendar.events.list", "nth": 1, "body": "calendar-403-quotaExceeded"})
        with self.assertRaises(peer.HttpError) as caught:
            self.execute(self.events.list(calendarId="primary"))
        self.assertEqual(caught.exception.resp.status, 403)


if __name__ == "__main__":
    unittest.main()
