"""The reader that end-to-end tests compare the database with."""

import json
import os
import subprocess
import sys
import unittest

import peer


class ReadBack(unittest.TestCase):
    def test_it_prints_all_contacts_and_all_events(self):
        scopes = peer.CONTACTS_SCOPES + peer.CALENDAR_SCOPES
        address = peer.new_address("reader")
        credentials = peer.sign_in(address, scopes)
        people = peer.service("people", "v1", credentials).people()
        body = {"names": [{"givenName": "Zoé"}], "clientData": [{"key": "k", "value": "1"}]}
        people.createContact(body=body).execute()
        events = peer.service("calendar", "v3", credentials).events()
        day = {"start": {"date": "2026-03-02"}, "end": {"date": "2026-03-03"}}
        events.insert(calendarId="primary", body=dict(day, summary="Fête")).execute()
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_back.py")
        printed = subprocess.run(
            [sys.executable, script, peer.sim_url(), credentials.token],
            check=True,
            capture_output=True,
        ).stdout
        read = json.loads(printed)
        self.assertEqual(read["contacts"][0]["names"][0]["givenName"], "Zoé")
        self.assertEqual(read["contacts"][0]["clientData"][0]["value"], "1")
        self.assertTrue(any(group["name"] == "myContacts" for group in read["contactGroups"]))
        primary = [row for row in read["calendars"] if row["id"] == address]
        self.assertEqual(primary[0]["events"][0]["summary"], "Fête")


if __name__ == "__main__":
    unittest.main()
