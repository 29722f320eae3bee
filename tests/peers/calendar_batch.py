"""Calendar: the batch end point, through the client's BatchHttpRequest."""

import unittest
import uuid

import peer


class Batch(peer.CalendarTest):
    def setUp(self):
        super().setUp()
        self.answers = {}

    def keep(self, key, answer, error):
        self.answers[key] = (answer, error)

    def body(self, **more):
        return {
            "summary": "Batched",
            "start": {"date": "2026-03-02"},
            "end": {"date": "2026-03-03"},
            **more,
        }

    def test_each_part_has_its_own_answer(self):
        own = uuid.uuid4().hex
        batch = self.calendar.new_batch_http_request(callback=self.keep)
        insert = self.events.insert
        batch.add(insert(calendarId="primary", body=self.body(id=own)), request_id="first")
        batch.add(insert(calendarId="primary", body=self.body(id=own)), request_id="again")
        batch.add(insert(calendarId="primary", body=self.body()), request_id="other")
        missing = uuid.uuid4().hex
        batch.add(self.events.get(calendarId="primary", eventId=missing), request_id="missing")
        batch.execute()
        self.assertEqual(set(self.answers), {"first", "again", "other", "missing"})
        self.assertEqual(self.answers["first"][0]["id"], own)
        self.assertEqual(self.answers["again"][1].resp.status, 409)
        self.assertIn("id", self.answers["other"][0])
        self.assertEqual(self.answers["missing"][1].resp.status, 404)
        self.assertEqual(len(self.list()["items"]), 2)

    def test_fifty_parts_fit(self):
        batch = self.calendar.new_batch_http_request(callback=self.keep)
        for n in range(50):
            body = self.body(summary=f"Event {n}")
            batch.add(self.events.insert(calendarId="primary", body=body), request_id=str(n))
        batch.execute()
        errors = [error for _, error in self.answers.values() if error]
        self.assertEqual(errors, [])
        self.assertEqual(self.answers["17"][0]["summary"], "Event 17")

    def test_a_condition_travels_inside_a_part(self):
        event = self.insert()
        stale = self.events.patch(
            calendarId="primary", eventId=event["id"], body={"summary": "Stale"}
        )
        stale.headers["If-Match"] = '"0"'
        batch = self.calendar.new_batch_http_request(callback=self.keep)
        batch.add(stale, request_id="stale")
        batch.execute()
        self.assertEqual(self.answers["stale"][1].resp.status, 412)


if __name__ == "__main__":
    unittest.main()
