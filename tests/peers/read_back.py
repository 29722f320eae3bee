"""Prints what an account holds, as Google's official client reads it: read_back.py URL TOKEN.

The answer is one JSON object: `contacts` (every person with every field), `contactGroups`,
and `calendars`, each with its `events`. Deleted events are left out, exceptions of series are
rows of their own.
"""

import json
import sys

from google.oauth2.credentials import Credentials

import peer

PERSON_FIELDS = (
    "addresses,ageRanges,biographies,birthdays,calendarUrls,clientData,coverPhotos,"
    "emailAddresses,events,externalIds,genders,imClients,interests,locales,locations,"
    "memberships,metadata,miscKeywords,names,nicknames,occupations,organizations,phoneNumbers,"
    "photos,relations,sipAddresses,skills,urls,userDefined"
)


def contacts(api):
    connections = api.people().connections()
    found = peer.pages(
        connections.list,
        connections.list_next,
        resourceName="people/me",
        personFields=PERSON_FIELDS,
        pageSize=1000,
    )
    return [person for page in found for person in page.get("connections", [])]


def contact_groups(api):
    groups = api.contactGroups()
    found = peer.pages(groups.list, groups.list_next, pageSize=1000)
    return [group for page in found for group in page.get("contactGroups", [])]


def calendars(api):
    listing = api.calendarList()
    found = peer.pages(listing.list, listing.list_next, maxResults=250)
    rows = [row for page in found for row in page.get("items", [])]
    return [dict(row, events=events(api, row["id"])) for row in rows]


def events(api, calendar):
    listing = api.events()
    found = peer.pages(listing.list, listing.list_next, calendarId=calendar, maxResults=2500)
    return [event for page in found for event in page.get("items", [])]


def read_back(url, token):
    """Returns everything the account of this token holds."""
    credentials = Credentials(token)
    people = peer.service("people", "v1", credentials, root=url.rstrip("/"))
    calendar = peer.service("calendar", "v3", credentials, root=url.rstrip("/"))
    return {
        "contacts": contacts(people),
        "contactGroups": contact_groups(people),
        "calendars": calendars(calendar),
    }


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: read_back.py URL TOKEN")
    json.dump(read_back(sys.argv[1], sys.argv[2]), sys.stdout, indent=1, sort_keys=True)
    print()
