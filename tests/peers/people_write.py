"""People: batches, etags, masks, groups and photos."""

import base64
import threading
import unittest

import peer


class Batches(peer.PeopleTest):
    def test_a_batch_creates_all_and_answers_in_order(self):
        contacts = [
            {"contactPerson": {"names": [{"givenName": f"N{n}"}]}} for n in range(200)
        ]
        body = {"contacts": contacts, "readMask": "names,metadata"}
        made = self.people.batchCreateContacts(body=body).execute()["createdPeople"]
        given = [row["person"]["names"][0]["givenName"] for row in made]
        self.assertEqual(given, [f"N{n}" for n in range(200)])
        self.assertEqual(self.list()["totalItems"], 200)

    def test_one_more_than_200_is_refused(self):
        body = {"contacts": [{"contactPerson": {}}] * 201, "readMask": "names"}
        self.fails(400, self.people.batchCreateContacts(body=body))

    def test_a_bad_item_is_named_and_nothing_is_written(self):
        twice = {"names": [{"givenName": "A"}, {"givenName": "B"}]}
        body = {"contacts": [{"contactPerson": {}}, {"contactPerson": twice}], "readMask": "names"}
        error = self.fails(400, self.people.batchCreateContacts(body=body))
        self.assertEqual(list(error["details"][0]["contactErrors"]), ["1"])
        self.assertNotIn("connections", self.list())

    def test_a_batch_updates_gets_and_deletes(self):
        made = [self.create(given) for given in ("A", "B")]
        names = [person["resourceName"] for person in made]
        contacts = {
            person["resourceName"]: {
                "etag": person["etag"],
                "emailAddresses": [{"value": f"{n}@b.example"}],
            }
            for n, person in enumerate(made)
        }
        body = {"contacts": contacts, "updateMask": "emailAddresses", "readMask": "emailAddresses"}
        result = self.people.batchUpdateContacts(body=body).execute()["updateResult"]
        for n, name in enumerate(names):
            person = result[name]["person"]
            self.assertEqual(person["emailAddresses"][0]["value"], f"{n}@b.example")
        error = self.fails(400, self.people.batchUpdateContacts(body=body))
        self.assertEqual(set(error["details"][0]["contactErrors"]), set(names))
        got = self.people.getBatchGet(resourceNames=names, personFields="names").execute()
        self.assertEqual([row["person"]["resourceName"] for row in got["responses"]], names)
        self.people.batchDeleteContacts(body={"resourceNames": names}).execute()
        self.assertNotIn("connections", self.list())


class Etags(peer.PeopleTest):
    def update(self, name, body, mask="names"):
        return self.people.updateContact(
            resourceName=name, updatePersonFields=mask, body=body
        )

    def test_an_old_etag_is_a_400_and_not_a_412(self):
        person = self.create("A")
        name = person["resourceName"]
        body = {"etag": person["etag"], "names": [{"givenName": "B"}]}
        after = self.update(name, body).execute()
        self.assertNotEqual(after["etag"], person["etag"])
        error = self.fails(400, self.update(name, body))
        self.assertEqual(error["status"], "FAILED_PRECONDITION")
        source = {"metadata": person["metadata"], "names": [{"givenName": "B"}]}
        error = self.fails(400, self.update(name, source))
        self.assertIn("person.metadata.sources.etag", error["message"])
        self.update(name, dict(after, names=[{"givenName": "C"}])).execute()

    def test_an_update_without_an_etag_is_refused(self):
        person = self.create("A")
        self.fails(400, self.update(person["resourceName"], {"names": []}))

    def test_person_etags_follow_the_mask_and_source_etags_do_not(self):
        name = self.create("A")["resourceName"]
        one, two = self.get(name, "metadata"), self.get(name, "metadata,names")
        self.assertNotEqual(one["etag"], two["etag"])
        self.assertEqual(one["metadata"], two["metadata"])


class Masks(peer.PeopleTest):
    def test_person_fields_are_required(self):
        request = self.people.connections().list(resourceName="people/me")
        self.assertIn("personFields mask is required", self.fails(400, request)["message"])

    def test_an_unknown_path_is_named(self):
        name = self.create("A")["resourceName"]
        request = self.people.get(resourceName=name, personFields="names,fileAses")
        error = self.fails(400, request)
        self.assertIn("fileAses", error["details"][0]["fieldViolations"][0]["description"])

    def test_read_only_paths_cannot_be_updated(self):
        person = self.create("A")
        request = self.people.updateContact(
            resourceName=person["resourceName"], updatePersonFields="photos", body=person
        )
        self.fails(400, request)

    def test_a_listed_field_is_replaced_and_an_unlisted_one_kept(self):
        person = self.create(
            "A", phoneNumbers=[{"value": "1"}, {"value": "2"}], nicknames=[{"value": "n"}]
        )
        body = {"etag": person["etag"], "phoneNumbers": [{"value": "3"}]}
        after = self.people.updateContact(
            resourceName=person["resourceName"],
            updatePersonFields="phoneNumbers,nicknames",
            body=body,
        ).execute()
        self.assertEqual([phone["value"] for phone in after["phoneNumbers"]], ["3"])
        self.assertNotIn("nicknames", after)
        self.assertEqual(after["names"][0]["givenName"], "A")

    def test_singletons_take_one_value(self):
        body = {"names": [{"givenName": "A"}, {"givenName": "B"}]}
        self.fails(400, self.people.createContact(body=body))


class Groups(peer.PeopleTest):
    def test_labels_are_made_filled_listed_and_removed(self):
        groups = self.api.contactGroups()
        label = groups.create(body={"contactGroup": {"name": "Clients"}}).execute()
        again = groups.create(body={"contactGroup": {"name": "Clients"}})
        self.assertEqual(self.fails(409, again)["status"], "ALREADY_EXISTS")
        person = self.create("A")
        name = person["resourceName"]
        groups.members().modify(
            resourceName=label["resourceName"], body={"resourceNamesToAdd": [name]}
        ).execute()
        got = groups.get(resourceName=label["resourceName"], maxMembers=10).execute()
        self.assertEqual(got["memberResourceNames"], [name])
        memberships = self.get(name, "memberships")["memberships"]
        ids = [row["contactGroupMembership"]["contactGroupResourceName"] for row in memberships]
        self.assertEqual(ids, ["contactGroups/myContacts", label["resourceName"]])
        listed = groups.list(pageSize=1000).execute()["contactGroups"]
        self.assertIn(label["resourceName"], [row["resourceName"] for row in listed])
        groups.delete(resourceName=label["resourceName"]).execute()
        self.assertEqual(len(self.get(name, "memberships")["memberships"]), 1)


class Turns(peer.PeopleTest):
    def test_mutations_at_the_same_time_are_punished_and_one_by_one_they_are_not(self):
        self.addCleanup(peer.control, "knobs", {"people_parallel_mutations": None})
        peer.control("knobs", {"people_parallel_mutations": "people-503-unavailable"})
        for n in range(3):
            self.create(f"N{n}")
        start = threading.Barrier(4)
        statuses = []

        def create(people):
            start.wait()
            try:
                people.createContact(body={}).execute()
                statuses.append(200)
            except peer.HttpError as error:
                statuses.append(error.resp.status)

        clients = [peer.service("people", "v1", self.credentials).people() for _ in range(4)]
        threads = [threading.Thread(target=create, args=[people]) for people in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(statuses), {200, 503})


class Photos(peer.PeopleTest):
    PNG = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )

    def test_a_photo_replaces_the_default_one_until_it_is_deleted(self):
        name = self.create("A")["resourceName"]
        self.assertTrue(self.get(name, "photos")["photos"][0]["default"])
        body = {"photoBytes": self.PNG, "personFields": "photos"}
        answer = self.people.updateContactPhoto(resourceName=name, body=body).execute()
        self.assertNotIn("default", answer["person"]["photos"][0])
        self.people.deleteContactPhoto(resourceName=name).execute()
        self.assertTrue(self.get(name, "photos")["photos"][0]["default"])

    def test_what_is_no_picture_is_refused(self):
        name = self.create("A")["resourceName"]
        body = {"photoBytes": base64.b64encode(b"GIF89a").decode()}
        self.fails(400, self.people.updateContactPhoto(resourceName=name, body=body))


if __name__ == "__main__":
    unittest.main()
