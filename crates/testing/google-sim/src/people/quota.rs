//! The per-minute buckets of an account (P91), and what each method costs (P92).
//!
//! The numbers are those that users read in their consoles; Google publishes none.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::api::{ApiRequest, ApiResponse};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bucket {
    CriticalReads,
    CriticalWrites,
    PhotoUpdates,
    GroupReads,
    DeletesAndGroupWrites,
    FullSyncs,
    DailyWrites,
}

impl Bucket {
    fn limit(self) -> u32 {
        match self {
            Self::CriticalReads | Self::GroupReads => 90,
            Self::CriticalWrites | Self::DeletesAndGroupWrites => 30,
            Self::PhotoUpdates => 50,
            Self::FullSyncs => 10,
            Self::DailyWrites => 100_000,
        }
    }

    /// Returns the metric's title, its limit's name and its id.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::CriticalReads => (
                "Critical read requests (Contact and Profile Reads)",
                "CriticalReadsPerMinutePerUser",
                "critical_read_requests",
            ),
            Self::CriticalWrites => (
                "Critical write requests (Contact Writes)",
                "CriticalWritesPerMinutePerUser",
                "critical_write_requests",
            ),
            Self::PhotoUpdates => {
                ("Photo update requests", "PhotoUpdatesPerMinutePerUser", "photo_update_requests")
            }
            Self::GroupReads => {
                ("Contact group read requests", "GroupReadsPerMinutePerUser", "group_read_requests")
            }
            Self::DeletesAndGroupWrites => {
                ("Delete and contact group write requests", "WritesPerMinutePerUser", "write_requests")
            }
            Self::FullSyncs => ("Full sync requests", "FullSyncsPerMinutePerUser", "full_sync_requests"),
            Self::DailyWrites => {
                ("Daily contact write requests", "DailyContactWrites", "daily_contact_write_requests")
            }
        }
    }

    fn refused(self) -> ApiResponse {
        let (title, limit, id) = self.words();
        ApiResponse::error_file("people-429-critical-reads")
            .replacing("Critical read requests (Contact and Profile Reads)", title)
            .replacing("CriticalReadsPerMinutePerUser", limit)
            .replacing("critical_read_requests", id)
    }
}

/// What an account has used of its buckets.
#[derive(Debug, Default)]
pub(super) struct Quota {
    used: BTreeMap<(Bucket, i64), u32>,
}

impl Quota {
    /// Takes the cost of a call out of its buckets, or refuses it whole.
    pub(super) fn take(&mut self, req: &ApiRequest) -> Result<(), ApiResponse> {
        let costs = costs(req);
        for (bucket, cost) in &costs {
            let used = self.used.get(&key(*bucket, req.now)).copied().unwrap_or(0);
            if used + cost > bucket.limit() {
                return Err(bucket.refused());
            }
        }
        let minute = req.now.timestamp().div_euclid(60);
        self.used.retain(|(bucket, slot), _| *bucket == Bucket::DailyWrites || *slot == minute);
        for (bucket, cost) in costs {
            *self.used.entry(key(bucket, req.now)).or_insert(0) += cost;
        }
        Ok(())
    }
}

fn key(bucket: Bucket, now: DateTime<Utc>) -> (Bucket, i64) {
    let seconds = if bucket == Bucket::DailyWrites { 86_400 } else { 60 };
    (bucket, now.timestamp().div_euclid(seconds))
}

fn costs(req: &ApiRequest) -> Vec<(Bucket, u32)> {
    let method = req.method_id.as_str();
    let writes = |count, daily| {
        vec![(Bucket::CriticalReads, count), (Bucket::CriticalWrites, count), (Bucket::DailyWrites, daily)]
    };
    match method {
        "people.people.createContact" | "people.people.updateContact" => writes(1, 1),
        "people.people.batchCreateContacts" | "people.people.batchUpdateContacts" => writes(6, 200),
        "people.people.deleteContact" => vec![(Bucket::DeletesAndGroupWrites, 1)],
        "people.people.batchDeleteContacts" => vec![(Bucket::DeletesAndGroupWrites, 10)],
        "people.people.updateContactPhoto" | "people.people.deleteContactPhoto" => {
            vec![(Bucket::PhotoUpdates, 1)]
        }
        "people.contactGroups.list" | "people.contactGroups.get" | "people.contactGroups.batchGet" => {
            vec![(Bucket::GroupReads, 1)]
        }
        method if method.starts_with("people.contactGroups.") => {
            vec![(Bucket::DeletesAndGroupWrites, 1)]
        }
        "people.people.connections.list" if starts_full_sync(req) => {
            vec![(Bucket::CriticalReads, 1), (Bucket::FullSyncs, 1)]
        }
        _ => vec![(Bucket::CriticalReads, 1)],
    }
}

/// Tells whether this is the first page of a full sync, which has its own quota (P14).
fn starts_full_sync(req: &ApiRequest) -> bool {
    req.flag("requestSyncToken") && req.param("pageToken").is_none() && req.param("syncToken").is_none()
}
