"""People: pages, sync tokens and their 400, deleted and merged contacts."""

import unittest

import peer


class Paging(peer.PeopleTest):
    def test_the_sync_token_comes_on_the_last_page_only(self):
        made = [self.create(f"N{n}")["resourceName"] for n in range(5)]
        connections = self.people.connections()
        found = peer.pages(
            connections.list,
            connections.list_next,
            resourceName="people/me",
            personFields="names",
            pageSize=2,
            requestSyncToken=True,
        )
        self.assertEqual(len(found), 3)
        names = [row["resourceName"] for page in found for row in page["connections"]]
        self.assertEqual(names, made)
        self.assertEqual(["nextSyncToken" in page for page in found], [False, False, True])
        self.assertEqual([page["totalItems"] for page in found], [5, 5, 5])

    def test_other_parameters_must_not_change_between_pages(self):
        for n in range(3):
            self.create(f"N{n}")
        token = self.list(pageSize=2)["nextPageToken"]
        request = self.people.connections().list(
            resourceName="people/me", personFields="names,metadata", pageSize=1, pageToken=token
        )
        self.assertEqual(self.fails(400, request)["status"], "INVALID_ARGUMENT")


class Sync(peer.PeopleTest):
    def token(self):
        return self.list(requestSyncToken=True)["nextSyncToken"]

    def changes(self, token):
        return self.list(requestSyncToken=True, syncToken=token)

    def refused(self, token):
        request = self.people.connections().list(
            resourceName="people/me",
            personFields="names,metadata",
            requestSyncToken=True,
            syncToken=token,
        )
        return self.fails(400, request)

    def test_a_token_tells_new_changed_and_deleted_contacts(self):
        kept, gone = self.create("Kept"), self.create("Gone")
        token = self.token()
        body = {"etag": kept["etag"], "names": [{"givenName": "Changed"}]}
        self.people.updateContact(
            resourceName=kept["resourceName"], updatePersonFields="names", body=body
        ).execute()
        self.people.deleteContact(resourceName=gone["resourceName"]).execute()
        new = self.create("New")
        answer = self.changes(token)
        rows = {row["resourceName"]: row for row in answer["connections"]}
        self.assertEqual(rows[kept["resourceName"]]["names"][0]["givenName"], "Changed")
        self.assertTrue(rows[gone["resourceName"]]["metadata"]["deleted"])
        self.assertIn(new["resourceName"], rows)
        quiet = self.changes(answer["nextSyncToken"])
        self.assertNotIn("connections", quiet)

    def test_an_expired_token_is_a_400_with_its_reason(self):
        token = self.token()
        peer.expire_sync_tokens(self.address)
        error = self.refused(token)
        self.assertEqual(error["details"][0]["reason"], "EXPIRED_SYNC_TOKEN")
        self.assertIn("Sync token is expired", error["message"])
        self.assertNotIn("connections", self.changes(self.token()))

    def test_a_corrupt_token_is_a_400_without_it(self):
        error = self.refused("nonsense")
        self.assertEqual(error["status"], "INVALID_ARGUMENT")
        self.assertNotIn("details", error)

    def test_a_full_listing_tells_no_deleted_contact(self):
        gone = self.create("Gone")
        self.people.deleteContact(resourceName=gone["resourceName"]).execute()
        self.assertNotIn("connections", self.list())

    def test_a_merge_is_told_as_a_former_name(self):
        into, gone = self.create("A")["resourceName"], self.create("B")["resourceName"]
        token = self.token()
        peer.control("ui/people/merge", {"account": self.address, "into": into, "from": gone})
        rows = self.changes(token)["connections"]
        self.assertEqual([row["resourceName"] for row in rows], [into])
        self.assertEqual(rows[0]["metadata"]["previousResourceNames"], [gone])
        got = self.people.getBatchGet(resourceNames=[gone], personFields="names").execute()
        answer = got["responses"][0]
        self.assertEqual(answer["requestedResourceName"], gone)
        self.assertEqual(answer["person"]["resourceName"], into)


class Delays(peer.PeopleTest):
    def knobs(self, **knobs):
        self.addCleanup(peer.control, "knobs", {name: 0 for name in knobs})
        peer.control("knobs", knobs)

    def test_a_write_reaches_listings_after_the_lag(self):
        self.knobs(people_list_lag_seconds=300)
        name = self.create("Late")["resourceName"]
        self.assertEqual(self.get(name)["resourceName"], name)
        self.assertNotIn("connections", self.list())
        peer.control("clock", {"advance_seconds": 300})
        self.assertEqual(self.list()["connections"][0]["resourceName"], name)

    def test_a_stale_read_gives_an_etag_that_no_longer_writes(self):
        person = self.create("A")
        name = person["resourceName"]
        peer.control("clock", {"advance_seconds": 60})
        body = {"etag": person["etag"], "names": [{"givenName": "B"}]}
        update = self.people.updateContact
        written = update(resourceName=name, updatePersonFields="names", body=body).execute()
        self.knobs(people_stale_read_seconds=30)
        stale = self.get(name)
        self.assertEqual(stale["names"][0]["givenName"], "A")
        body["etag"] = stale["etag"]
        self.fails(400, update(resourceName=name, updatePersonFields="names", body=body))
        body["etag"] = written["etag"]
        update(resourceName=name, updatePersonFields="names", body=body).execute()


if __name__ == "__main__":
    unittest.main()
