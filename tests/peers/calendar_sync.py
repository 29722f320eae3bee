"""Calendar: pages, sync tokens and their 410, tombstones."""

import unittest

import peer


class Paging(peer.CalendarTest):
    def test_every_event_comes_once_over_many_pages(self):
        made = {self.insert(f"Event {n}")["id"] for n in range(7)}
        found = peer.pages(
            self.events.list, self.events.list_next, calendarId="primary", maxResults=3
        )
        self.assertGreater(len(found), 1)
        ids = [event["id"] for page in found for event in page["items"]]
        self.assertEqual(sorted(ids), sorted(made))
        for page in found[:-1]:
            self.assertNotIn("nextSyncToken", page)
        self.assertIn("nextSyncToken", found[-1])

    def test_the_calendar_list_has_the_primary_calendar(self):
        items = self.calendar.calendarList().list().execute()["items"]
        primary = [row for row in items if row.get("primary")]
        self.assertEqual(primary[0]["id"], self.address)


class Sync(peer.CalendarTest):
    def token(self):
        return self.list()["nextSyncToken"]

    def test_a_token_tells_what_changed_and_what_was_deleted(self):
        kept, gone = self.insert("Kept"), self.insert("Gone")
        token = self.token()
        self.events.patch(
            calendarId="primary", eventId=kept["id"], body={"summary": "Changed"}
        ).execute()
        self.events.delete(calendarId="primary", eventId=gone["id"]).execute()
        answer = self.list(syncToken=token)
        changes = {event["id"]: event for event in answer["items"]}
        self.assertEqual(changes[kept["id"]]["summary"], "Changed")
        self.assertEqual(changes[gone["id"]]["status"], "cancelled")
        quiet = self.list(syncToken=answer["nextSyncToken"])
        self.assertEqual(quiet["items"], [])

    def test_an_expired_token_is_a_410_and_a_full_listing_recovers(self):
        self.insert()
        token = self.token()
        peer.expire_sync_tokens(self.address)
        error = self.fails(410, self.events.list(calendarId="primary", syncToken=token))
        self.assertEqual(error["errors"][0]["reason"], "fullSyncRequired")
        fresh = self.token()
        self.assertEqual(self.list(syncToken=fresh)["items"], [])

    def test_a_corrupt_token_is_a_400(self):
        self.fails(400, self.events.list(calendarId="primary", syncToken="x"))

    def test_a_token_does_not_go_with_a_time_range(self):
        token = self.token()
        request = self.events.list(
            calendarId="primary", syncToken=token, timeMin="2026-01-01T00:00:00Z"
        )
        self.fails(400, request)


if __name__ == "__main__":
    unittest.main()
