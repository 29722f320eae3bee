"""Calendar: own ids and 409, If-Match and 412, an overridden occurrence."""

import unittest
import uuid

import peer


class OwnIds(peer.CalendarTest):
    def test_an_own_id_is_taken_once_even_after_a_delete(self):
        own = uuid.uuid4().hex
        self.assertEqual(self.insert(id=own)["id"], own)
        body = {
            "id": own,
            "start": {"date": "2026-03-02"},
            "end": {"date": "2026-03-03"},
        }
        again = self.events.insert(calendarId="primary", body=body)
        self.assertEqual(self.fails(409, again)["errors"][0]["reason"], "duplicate")
        self.events.delete(calendarId="primary", eventId=own).execute()
        again = self.events.insert(calendarId="primary", body=body)
        self.assertEqual(self.fails(409, again)["errors"][0]["reason"], "duplicate")

    def test_an_id_outside_base32hex_is_refused(self):
        body = {"id": "UPPER-CASE", "start": {"date": "2026-03-02"}, "end": {"date": "2026-03-03"}}
        self.fails(400, self.events.insert(calendarId="primary", body=body))

    def test_a_second_delete_is_a_410_and_a_stranger_a_404(self):
        event = self.insert()
        self.events.delete(calendarId="primary", eventId=event["id"]).execute()
        self.fails(410, self.events.delete(calendarId="primary", eventId=event["id"]))
        self.fails(404, self.events.get(calendarId="primary", eventId=uuid.uuid4().hex))


class IfMatch(peer.CalendarTest):
    def update(self, event, etag):
        body = dict(event, summary="Mine")
        request = self.events.update(calendarId="primary", eventId=event["id"], body=body)
        request.headers["If-Match"] = etag
        return request

    def test_a_current_etag_writes_and_an_old_one_is_a_412(self):
        event = self.insert()
        after = self.update(event, event["etag"]).execute()
        self.assertEqual(after["summary"], "Mine")
        self.assertNotEqual(after["etag"], event["etag"])
        error = self.fails(412, self.update(event, event["etag"]))
        self.assertEqual(error["errors"][0]["reason"], "conditionNotMet")
        self.update(after, after["etag"]).execute()

    def test_a_patch_and_a_delete_keep_the_condition_too(self):
        event = self.insert()
        patch = self.events.patch(calendarId="primary", eventId=event["id"], body={"location": "A"})
        patch.headers["If-Match"] = event["etag"]
        after = patch.execute()
        delete = self.events.delete(calendarId="primary", eventId=event["id"])
        delete.headers["If-Match"] = event["etag"]
        self.fails(412, delete)
        delete = self.events.delete(calendarId="primary", eventId=event["id"])
        delete.headers["If-Match"] = after["etag"]
        delete.execute()


class Occurrences(peer.CalendarTest):
    def setUp(self):
        super().setUp()
        self.series = self.insert("Weekly", recurrence=["RRULE:FREQ=WEEKLY;COUNT=4"])

    def instances(self, **parameters):
        return self.events.instances(
            calendarId="primary", eventId=self.series["id"], **parameters
        ).execute()["items"]

    def test_an_overridden_occurrence_is_an_exception_of_its_series(self):
        second = self.instances()[1]
        moved = dict(second)
        moved["summary"] = "Moved"
        moved["start"] = {"dateTime": "2026-03-10T15:00:00+01:00", "timeZone": "Europe/Paris"}
        moved["end"] = {"dateTime": "2026-03-10T16:00:00+01:00", "timeZone": "Europe/Paris"}
        written = self.events.update(
            calendarId="primary", eventId=second["id"], body=moved
        ).execute()
        self.assertEqual(written["recurringEventId"], self.series["id"])
        self.assertEqual(written["originalStartTime"], second["originalStartTime"])
        rows = {event["id"]: event for event in self.list()["items"]}
        self.assertEqual(set(rows), {self.series["id"], second["id"]})
        self.assertEqual(rows[second["id"]]["summary"], "Moved")
        expanded = self.list(singleEvents=True, orderBy="startTime")["items"]
        self.assertEqual(
            [event["summary"] for event in expanded], ["Weekly", "Moved", "Weekly", "Weekly"]
        )

    def test_a_cancelled_occurrence_leaves_the_others(self):
        third = self.instances()[2]
        self.events.delete(calendarId="primary", eventId=third["id"]).execute()
        left = [event["id"] for event in self.instances()]
        self.assertEqual(len(left), 3)
        self.assertNotIn(third["id"], left)
        shown = {event["id"]: event for event in self.instances(showDeleted=True)}
        self.assertEqual(shown[third["id"]]["status"], "cancelled")
        # Without its exceptions a series would look whole: they come without showDeleted, too.
        rows = {event["id"]: event for event in self.list()["items"]}
        self.assertEqual(rows[third["id"]]["status"], "cancelled")


if __name__ == "__main__":
    unittest.main()
