//! Rules taken out on purpose, one at a time, to see whether a test notices.
//!
//! [`on`] is a constant `false` unless the feature `mutants` is on *and* debug assertions are: in what is
//! released nothing of this exists, whatever the features. `docs/development/mutations.md` says which test notices what.

macro_rules! mutants {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// A rule that can be taken out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u16)]
        #[non_exhaustive]
        pub enum Mutant {
            /// Nothing is taken out.
            None,
            $($(#[$doc])* $name,)*
        }

        impl Mutant {
            /// All of them.
            pub const ALL: &'static [Mutant] = &[$(Mutant::$name,)*];

            /// Returns the name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    Mutant::None => "None",
                    $(Mutant::$name => stringify!($name),)*
                }
            }
        }
    };
}

mutants! {
    // Decisions and bases.
    /// One base for both sides: what the target stored.
    OneBase,
    /// The base of the target is what was sent, not what was stored.
    BaseAsSent,
    /// Bases do not advance on acknowledgement.
    NoAdvance,
    /// The whole record advances, not only the fields taken.
    AdvanceAll,
    /// A provider's side effects on other fields are not absorbed.
    NoAbsorb,
    /// Every difference in an answer is absorbed, also where an edit waits.
    AbsorbAll,
    /// A flag that changes the view of other fields counts as the provider's side effect.
    FlagAbsorbed,
    /// The copy that a write stored is not kept: our own write looks like somebody's edit.
    OwnIsEdit,
    /// Equal only when identical, no normal form.
    ExactOnly,
    /// A clash is quietly won by the local side.
    ClashLocal,
    /// A side is compared with the other side's copy, not with its own base.
    CompareOther,
    /// A part that was only renamed here is a question when the other side changed it.
    RenamedAsks,
    /// What the provider does not show as its record says it stays so until the next edit.
    UnsaidStays,
    /// What the provider's side changed in a part that the record has no more goes without a word.
    UnplacedUntold,
    /// What one side lacks is asked about where two records meet.
    MeetsAsking,
    /// What a side makes of a picture that it was given counts as somebody's edit.
    OwnNameIsEdit,
    /// The order of a list does not travel.
    OrderStays,
    /// Two orders of one list are asked about.
    OrderAsks,
    /// The order that a write of entries makes of their list is taken for what its source wanted.
    OrdersPart,
    /// Where a write put the new entries of a list last, that counts as the order that somebody gave it.
    LastStaysLast,
    /// An entry of a list that takes the place of one that goes stays there, whatever order the write names.
    ReplacesInPlace,
    /// A row that looks like one which is on both sides already is made there once more.
    DoublesMade,
    /// Two whose given names are not known are one where they share an address and a word of their names.
    SurnameIsName,
    /// A client whom the company shares and a colleague has already is asked about.
    SharedAsked,
    /// Whether a row looks like another one is told by the local side of that one alone.
    DoublesOfOneSide,
    /// A write of which nothing took counts as done.
    VoidLands,
    /// Whether all contacts of a label leave it is told by one batch of writes alone.
    LabelsByBatch,
    /// A label that both sides renamed becomes two.
    TwoNamesStay,
    /// What was refused is tried again although a person gave it up.
    YieldNothing,
    /// What is gone from the side whose version is kept stays on the other one.
    YieldLeavesGone,
    /// What is given up leaves alone there what had no place here.
    YieldLeavesUnplaced,
    /// What a side cannot hold is not told.
    LossesUntold,
    /// The whole record is written, not the changed fields.
    WholeRecord,
    /// A delete beats an edit.
    DeleteWins,
    /// A record is created again from the other side's copy, not from the last own one.
    RecreateFromOther,
    /// A meeting that was cancelled at the provider is made again when it was changed here meanwhile.
    InvitesAgain,
    /// An edit of a meeting whose creation was undone is a question.
    UndoneAsks,
    /// A record that was merged into another one at its provider counts as deleted there.
    MergedIsGone,
    /// What a merged record lives on as ends the run where it cannot be read.
    SuccessorStops,
    /// What was merged at its provider while it was edited here is made there once more.
    MergedAnew,
    /// The unlink rule is forgotten.
    NoUnlink,
    /// Leaving the scope is ignored.
    NoScope,
    /// What left the scope is deleted at the other side.
    OutIsDeleted,
    /// The edge of a window counts to the other side of it.
    ScopeEdge,
    /// Redaction is not applied.
    NoView,
    /// Remote values of hidden fields are taken in.
    TakeHidden,
    /// The private flag alone changes nothing: only fields edited since are hidden.
    FlipIgnored,
    /// What still shows through at the other side is not hidden once more.
    ShowsThrough,
    /// A held link is not redacted.
    HeldShows,
    /// Field directions are ignored.
    NoDirections,
    /// Once a record is gone, the ledger forgets that it was there.
    TombstonePurged,
    /// A record that is gone counts as never seen.
    TombstoneIgnored,
    /// A link stays ambiguous after its missing side came back.
    StaysAmbiguous,

    // Meeting, keys.
    /// Lookalikes are joined by guessing.
    GuessPair,
    /// Two of one name and company are joined although their addresses differ.
    NamesakesJoin,
    /// What shares an address is joined whatever it is called.
    NamesIgnored,
    /// A number that several people may share brings nobody together, not even under one name.
    SharedNumberUnnamed,
    /// Nothing is matched before it is created.
    NoPairing,
    /// A half that is left over after a deletion is no match candidate.
    LeftoverNoMatch,
    /// A second create reuses the key of the first.
    KeyReused,
    /// A later key is named after the pair, not after the row that is replaced.
    KeyPerPair,
    /// A row brought back by another pair is not recognised.
    NoLineage,
    /// A record is created again from a stale last copy: what other pairs saw does not count.
    NoLastCopy,
    /// What another pair wrote and has not recovered does not count when a record is created again.
    IgnoreOpenOthers,
    /// A known item is linked once more.
    LinkTwice,

    // Guard.
    /// There is no limit on deletes.
    NoMaxDeletes,
    /// An emptied side is not noticed.
    NoEmptied,
    /// All changed alike is not noticed.
    NoAlike,
    /// An update that changes more than one field does not count as a change of nearly everything.
    AlikeOneField,
    /// A mass change that is spread over several members passes.
    AlikeApart,
    /// What takes the place of records whose deletion waits is made beside them.
    ReplacedPasses,
    /// Nearly everything may be moved into another collection without being asked about.
    MassMovePasses,
    /// Two cards that meet make two addresses of one that only one of them tells whole.
    AddressTwice,
    /// One instant by the clocks of two zones is a question where two appointments meet.
    ZonesAsked,
    /// What was put into another collection after its own was deleted at the provider waits for ever.
    HeldByTheGone,
    /// What is typed in a calendar that may only be read is not told.
    TypedUntold,
    /// A plan announces what a side is known to refuse.
    RefusalAnnounced,
    /// Deletes in a run that made a complete listing.
    CompleteDeletes,
    /// Deletes are counted for each page of links, not for the run.
    GuardPerPage,
    /// An approval holds for any plan.
    ApproveAny,
    /// The digest of a plan contains the time: no approval holds for the next run.
    DigestOfTime,

    // Journal and recovery.
    /// The journal is opened after the call.
    JournalLate,
    /// Only the first entry of a batch is in the journal before the call.
    FirstEntryOnly,
    /// Entries are not closed.
    NotClosed,
    /// Bases are kept before the answer is there.
    BaseEarly,
    /// Entries and links are closed in two transactions.
    CloseApart,
    /// A link with an open entry is planned again.
    PlanBlocked,
    /// A lost answer is not re-based.
    NoRebase,
    /// *Not landed* is believed at once.
    NoSettle,
    /// An unknown item is not matched with open creates.
    NoAdopt,
    /// A lost answer is taken for a failure.
    LostIsFailed,
    /// A failure is taken for success.
    FailureIsOk,
    /// The stamp of the last write is ignored: guess by values.
    NoStamp,
    /// An existing item is taken for success without looking.
    ExistsIsDone,
    /// Local outcomes are not asked for: a lost local answer is guessed at.
    NoOutcome,
    /// A mismatch is not followed by a fetch.
    MismatchNoLook,
    /// A mismatch is answered by writing once more, over what stands there.
    ForceOnMismatch,
    /// One refused record ends the run.
    PoisonAborts,

    // Observation.
    /// A lagging listing is taken at its word.
    TrustListing,
    /// An older state than the one that is known is taken for news.
    StaleTaken,
    /// An answer that there is no such item is believed although it was just made, or just listed.
    UnbornIsGone,
    /// An answer that shows what we hold is believed although a listing of everything did not show the item.
    UnmetBelieved,
    /// An answer that there is no such item is believed although it was just found to be back.
    BackBelievedGone,
    /// What was known of an item that was gone is forgotten once a link has it again.
    BackForgotten,
    /// A row that was dragged while its other half was being made is made once more where it came to.
    HalvesOrphaned,
    /// What another pair made a record of, and what came back here before that was noticed, is made here once more.
    HalvesDoubled,
    /// A record of which nobody knows yet whether its other half was made is no candidate: a record like it is made.
    BlockedNoHalf,
    /// Nobody is asked about an older state that is shown for longer than answers can be late.
    LateUnasked,
    /// The same, of an item that no link knows.
    LateStrangerUnasked,
    /// What is found to be gone once more is forgotten at once: a late answer that shows it makes it anew.
    DeadForgotten,
    /// What a delete of ours made of an item, just before it removed it, counts as somebody's record.
    KilledComesBack,
    /// People deletes a contact without naming the version that it knows.
    PeopleDeletesBlind,
    /// A state that we hold is taken for the newest although a listing showed another one while the clock was put back.
    UnclearIsHeld,
    /// A create whose answer was lost is taken for not done while an older answer hides what it made.
    DoubtedNotMade,
    /// A delete whose answer was lost is taken for done because the item was not there a moment before.
    UnbornDeleted,
    /// What is gone on both sides is forgotten at once: a late answer that shows it makes it anew.
    GoneForgotten,
    /// An older state is never believed, although the clock of the provider was put back.
    DoubtForever,
    /// What could not be read when the others met, or was made by a write that counted as not done, is new.
    TardyDoubled,
    /// A state that is older by its time only is believed when it is shown for more than a day.
    OlderBelieved,
    /// An answer that is surely older is believed once it outlasts the time in which answers may be late.
    LateBelieved,
    /// A version that another one came after is believed when it is shown for more than a day.
    PassedBelieved,
    /// Of two states of one time, the one that another one came after is never believed, however long it stays.
    EvenIsOlder,
    /// An answer is believed for having been doubted as long as another one, that said the contrary.
    DoubtsAdded,
    /// A row that another pair brought back while the create of the first of its line was of unknown outcome is new.
    OpenRootUnknown,
    /// A version counts as passed with what is beside the state of the item itself, such as the names of its labels.
    NameIsPassed,
    /// One answer that there is no such item is believed although nothing else says so.
    OnceIsGone,
    /// The state of an item that answers said to be gone is never believed again, as if we had removed it.
    SaidIsRemoved,
    /// Where two halves are joined, the states that the item of the provider went through are forgotten.
    JoinForgets,
    /// Where answers are never late, a version that cannot come again is taken for news all the same.
    PromptBelieved,
    /// A newer state is believed at once although a listing showed the item removed.
    RemovedIsThere,
    /// What a listing shows is no news as long as answers by name are older.
    ListedNoNews,
    /// What is not read anew yet is no candidate: its other halves are created once more.
    DoubtedNoHalf,
    /// What a listing shows and an older answer does not tell yet is created once more.
    UnreadMissed,
    /// Absence from a listing is not looked into.
    NoAbsent,
    /// Absence from a listing is taken for deletion.
    AbsentIsGone,
    /// A removal in a listing is not looked into.
    NoRemoved,
    /// A removal in a listing is taken at its word.
    RemovedIsGone,
    /// Only the first page of a listing is read.
    FirstPageOnly,
    /// A page token is used again.
    PageTokenReused,
    /// The cursor is kept with the first page.
    CursorEarly,
    /// The cursor is kept in a transaction of its own (harmless: repeats).
    CursorApart,
    /// After an expired cursor nothing is listed: a new cursor is taken.
    ExpiredSkips,
    /// An expired cursor is taken for the deletion of everything.
    ExpiredIsGone,
    /// A listing that comes back to where it was, or on without news, counts as read to its end.
    CircleIsEnd,
    /// An item that cannot be read counts as gone.
    UnreadIsGone,
    /// An item of a listing that cannot be read is passed over.
    UnreadForgotten,
    /// A record that a replica fails at ends the run.
    ItemFailureStops,
    /// A record that a replica failed at is written together with others again.
    SuspectsTogether,
    /// Flags of what has to be fetched are kept in memory only.
    LooksForgotten,
    /// Flags of what has to be decided are kept in memory only.
    DueForgotten,
    /// Local changes that Passerelle wrote itself are skipped.
    SkipOwn,
    /// Every link is decided in every run.
    VisitAll,
    /// A listing may bring any number of items.
    ListingUnbounded,

    // Answers of people and undo.
    /// A person's choice moves a base instead of being kept.
    ChoiceMovesBase,
    /// The undo of a create does not release the link.
    UndoNotReleased,
    /// A guard that stops deletions stops everything else, too.
    GuardHoldsAll,
    /// An emptied side stops everything, not the deletions only.
    EmptiedHoldsAll,
    /// A side that was emptied and has got one new record counts as sound again.
    EmptiedOnce,
    /// What a side cannot hold is told by the run that wrote it only.
    LacksForgotten,
    /// What an undo left on one side rests for ever, also when it is edited.
    UndoneRests,
    /// The undo of a delete does not look whether the record is back.
    UndoBlind,
    /// A deletion that was taken back already is taken back once more.
    UndoTwice,
    /// The undo of both sides of a field is not taken as an agreement.
    UndoNoAgree,
    /// Undo writes what the rules withhold today.
    UndoUnmasked,
    /// Undo takes back every difference found, not only what was sent.
    UndoAll,
    /// Undo leaves leftovers as they are.
    UndoLeftoversStay,
    /// What somebody changed and no run carries over is not kept in the history.
    UnseenForgotten,
    /// Undo does not look whether somebody changed the value since.
    UndoUnconditional,
    /// `status` counts nothing of what no run has seen yet.
    StatusOfLedger,
    /// A run that came to no report is not kept for `status`.
    StatusOfReports,
    /// A mode is changed although the file has another name elsewhere.
    FixOfLinked,

    // Domain.
    /// The normal form of a value is not its own normal form.
    NormalTwice,
    /// A record that is imported again loses what the file does not mention.
    ImportWipes,
    /// A record without an identifier is new, whatever it is like.
    ImportDoubles,
    /// An older state of a record that a file holds overwrites the newer one here.
    ImportOlder,
    /// A file with a series alone wipes the occurrences that were moved or called off here.
    ImportForgetsChanges,
    /// An import with `--replace` takes a single appointment out of its zone.
    ImportZoneLost,
    /// A remark in a column of numbers becomes a number to call.
    FileRemarkCalled,
    /// A changed occurrence that came before its series stays beside it.
    ImportOrphansStay,
    /// A record that is here under another identifier is doubled in silence.
    ImportTwins,
    /// Two people under one identifier of a file become one.
    ImportMerges,
    /// A record overwrites another one that has its identifier by chance.
    ImportOverwrites,
    /// The labels that an import made stay when it is taken back.
    ImportLabelsStay,
    /// Nobody hears that a record of an import is seen by others than those whom it is for.
    ImportHidesWhoSees,
    /// What has no place makes no record another one: it goes, or takes the place of another's.
    ImportSwallows,
    /// A changed occurrence that is here under another spelling of its time comes in once more.
    ImportSpellingNames,
    /// A private appointment hides its title, and shows its description.
    RedactTitleOnly,
    /// A private occurrence of an open series is shown like any other.
    OccurrenceOpen,
    /// A private occurrence that was moved or cancelled at the provider stays as it was here.
    OccurrenceDeaf,
    /// What the provider lost as a series was moved there is lost here, too.
    OccurrenceReset,
    /// What the provider lost as a series got another zone there is lost here, too.
    OccurrenceZone,
    /// What one side changed behind the end that the other side set takes place all the same.
    OccurrenceGhosts,
    /// An additional date stays where what is changed of it is taken away.
    DatesApart,
    /// An occurrence that one side changed keeps its name where the other side moved the series.
    OccurrenceStays,
    /// Parts that were only renamed travel although the field that gives them their names is asked about.
    NamesApart,
    /// The entries of a list are told apart by their place under a label.
    EntriesByPlace,

    // The company's tables.
    /// A row is written whatever its version.
    SqlNoVersion,
    /// Outcomes are not kept beside the row.
    SqlNoOutcome,
    /// A row is read without asking whose it is.
    SqlAnyUser,
    /// What a write moves is moved once more by the triggers that serve plain SQL.
    SqlMovesTwice,
    /// A series that only the calculator can follow keeps the old names of its occurrences.
    SqlUnfollowed,
    /// What is changed of an additional date stays when the date is removed.
    SqlDateStays,
    /// What we delete ourselves counts as deleted by a program that inserts it anew.
    SqlOwnNoted,
    /// What lost its occurrence goes without a word.
    SqlDropsUntold,
    /// A row is read in whatever calendar it stands.
    SqlAnyCalendar,

    // Collections beside each other.
    /// What another pair has at the provider, with guests, is made there once more.
    InvitedAbroad,
    /// That most of what another pair has would be made here is asked of nobody.
    MassGiftPasses,
    /// What went into the collection of another pair stays out of scope.
    MovesStay,
    /// What is gone at the provider and went into another calendar here is taken for new there.
    MovedIsNew,
    /// What a lost create of another pair made, and was moved before it was found, is taken for new.
    MovesOrphaned,
    /// What came from the collection of another pair is taken for new.
    MovesUnclaimed,
    /// What went into another collection is moved although that one has it already.
    MovesTaken,
    /// What the pair that has it cannot read is made once more where it went.
    UnreadUnclaimed,
    /// What is left to do for a record that changed its calendar waits for another run.
    MovesWait,
    /// What the plan of a move announced is asked about again where it arrives.
    MovesAskedTwice,
    /// The company's default calendar is kept in step with whatever calendar is chosen.
    DefaultAnywhere,
    /// What a calendar had that is no longer kept in step is made elsewhere, with its guests, unasked.
    PartedForgotten,
    /// What a calendar still has that is no longer kept in step is made in another one of the account, too, unasked.
    PartedDoubled,
    /// What is gone from a calendar that is no longer kept in step is asked about as if it were there.
    PartedUnread,
    /// A refusal of one item of a collection that is no longer kept in step is taken for the end of the collection.
    PartedRefused,
    /// What a collection still has that is no longer kept in step is read for the plan and once more for its writes.
    PartedReread,
    /// What had guests in a calendar that was deleted at the provider is made elsewhere unasked.
    InvitedByTheGone,
    /// A calendar that may only be read is kept in step with one here in which a person keeps appointments.
    ReadersShare,
    /// The undo of a run leaves what it moved where it is.
    UndoLeavesMoves,

    // Google's calendar.
    /// An event that was moved into another calendar is taken for deleted.
    CalMovedIsGone,
    /// Writes carry no `If-Match`.
    CalNoEtag,
    /// A write that was overtaken is sent once more without `If-Match`.
    CalForce,
    /// An etag that changed alone is taken for an edit.
    CalEtagIsEdit,
    /// Our marks are not written.
    CalNoMark,
    /// The key is read from the mark, which a copy carries too, not from the id.
    CalKeyFromMark,
    /// Guests are written without those that were there.
    CalGuestsLost,
    /// `sendUpdates` is left out.
    CalMails,
    /// A meeting that somebody else organises is written.
    CalForeign,
    /// What is not modelled is emptied by a write.
    CalDropsUnknown,
    /// The last day of an all-day event is one too many.
    CalAllDayEnd,
    /// Local time is sent as if it were UTC.
    CalUtc,
    /// `UNTIL` is written in local time.
    CalUntil,
    /// A change of the series forgets its changed occurrences.
    CalOccurrencesLost,
    /// The second page of a listing is left out.
    CalFirstPage,
    /// An event that was called off stands at Google like one that takes place.
    CalCalledOff,
    /// The cursor names events that are no appointments without end.
    CalOthersEndless,
    /// What was called off still rings at Google.
    CalOffRings,
    /// A series that Google shows as private because of one occurrence is private here, too.
    CalPrivacySpreads,
    /// A value that an occurrence says itself goes along with its series, once both were the same.
    CalOwnFollows,
    /// What lies behind the end of a series that was shortened takes place all the same.
    CalGhosts,
    /// A deleted event comes back without its conference.
    CalConferenceLost,
    /// What was called off takes place again as soon as it has another title at Google.
    CalOffByWords,
    /// The address of a video call that a person edited at Google is shown there beside a new one.
    CalLinkTwice,
    /// What hangs on one occurrence and no record holds is not told.
    CalOccurrenceUntold,
    /// What Google drops as a series is laid out anew is not written again.
    CalZoneForgets,
    /// What hung on a changed occurrence is lost when its series moves.
    CalAttachmentsLost,
    /// A start that its rule does not make takes no place.
    CalStartOutside,
    /// Two spellings of one schedule are asked about where they meet.
    SeriesAsked,
    /// A change of the length sends the start too.
    CalStartSent,
    /// The address of a video call that was typed here is kept where nobody sees it.
    CalLinkHidden,
    /// Deleting somebody else's meeting here declines it there, unasked.
    CalDeclines,
    /// What a side keeps where nobody there sees it is not told.
    HiddenUntold,
    /// What no record holds of an entry of a contact is not told.
    PeopleMembersUntold,
    /// What somebody typed beside the date of a birthday goes with the date.
    PeopleTextLost,
    /// Events of every type are read as appointments.
    CalOtherTypesRead,
    /// An event of another type that was deleted is still counted.
    CalOtherTypesStay,
    /// The guests of somebody else's meeting count as mailed when it goes from here.
    OthersMeetingsCounted,
    /// The guests of an occurrence that is called off are not counted.
    OccurrencesUncounted,
    /// A cancellation that a listing left out is forgotten.
    CalForgets,
    /// A reminder that waits while the calendar's own ones apply is dropped.
    CalAlertsDropped,
    /// An answer about another event is taken for that of the one that was asked for.
    CalAnyAnswer,
    /// An answer about another contact is taken for that of the one that was asked for.
    PeopleAnyAnswer,
    /// An occurrence that was cancelled at the provider long ago is cancelled again once its series has it again.
    CalHolesStay,

    // Google's contacts.
    /// Writes carry no etag.
    PeopleNoEtag,
    /// Our marks are not written.
    PeopleNoMark,
    /// Every field is in the mask of every write.
    PeopleWholeMask,
    /// What is not modelled is emptied by a write.
    PeopleDropsUnknown,
    /// The labels are not read before a contact is taken out of one.
    PeopleGroupsUnread,
    /// A label that gets another name is left behind, and another one is made.
    PeopleLabelAnew,
    /// A label whose name Google does not take fails the writes of its contacts.
    PeopleLabelRefusedStops,
    /// A contact whose label has another name keeps its version.
    PeopleLabelsUnversioned,
    /// An entry that was edited is written as one that goes and one that comes.
    PeopleEntryAnew,
    /// A batch of creates that Google fails at is given up as a whole.
    PeopleFaultStopsBatch,
    /// No picture is written to Google.
    PeopleNoPhotos,
    /// A picture is overwritten without being kept.
    PeopleKeepsNoPhoto,
    /// The same picture at another address counts as another one.
    PeoplePhotoByAddress,

    // Files.
    /// A line of a file that is folded right after its name stays in two.
    FileFoldStays,
    /// What follows the sign of a soft break that leads nowhere is text, also where it is a property.
    FileDangling,
    /// What is written in quoted-printable stays as it is written.
    FilePrintable,
    /// One bad byte spoils its line.
    FileBadByte,
    /// Of several states in a file the last one counts, whatever their numbers.
    FileLastWins,
    /// A changed occurrence that comes without its series repeats by the rule beside it.
    FileOrphanRepeats,
    /// What a line says in parameters that no field holds is lost.
    FileParamsLost,
    /// Of two texts where there is place for one, the second is lost.
    FileSecondLost,
    /// A further address of a changed occurrence counts as said by the change.
    FileSecondOfChange,
    /// What calls an appointment off is read as the appointment.
    FileCancelIgnored,
    /// A zone that is only described is the first whose clock fits one hour.
    FileAnyClock,
    /// The clock of a series is told by its first occurrence alone.
    FileClockOfFirst,
    /// The name of a zone beats a description that says another clock.
    FileNameBeatsClock,
    /// A series by a clock that no zone has keeps the hour of one season.
    FileOneSeason,
    /// What is kept beside a record is news in another spelling, or another order.
    ImportSpellingIsNews,
    /// An abbreviation is the clock of a zone, whatever offset it stands for.
    FileAnyAbbreviation,
    /// The clock of a vCalendar is not heard.
    FileOldClock,
    /// A rule of vCalendar without a number has no end.
    FileOldForever,
    /// An event that begins inside another component of its calendar goes with it.
    FileCutOff,
    /// An all-day series that ends at a moment ends on the day that this is in UTC.
    FileUntilInUtc,
    /// The language of the headings alone says whether the day or the month comes first.
    FileDayOrder,
    /// All of an address beside its parts is another address.
    FileAddressTwice,
    /// An answer that a guest cannot hold is taken for none.
    FileAnswerLost,
    /// A record may have any number of entries.
    FileEndless,
    /// A quote of a table that never closes takes the rows behind it.
    FileQuoteSwallows,
    /// Of several lines about one guest the last one counts, whatever it does not say.
    FileGuestTwice,
    /// A rule goes into the tables with parts that nothing else understands.
    FileRuleAsWritten,
    /// A change of an appointment that does not repeat is another appointment.
    FileOneStaysTwo,
    /// A state of an appointment that only adds to another one is another appointment.
    FileStatesPart,
    /// A changed occurrence without its series is known by how a file spells its time.
    FileSpellingNames,
    /// All records that share a key are gone through for each record of a file, however many they are.
    ImportSharersAll,
    /// The lines behind a quote of a table that never closes are searched again for each such quote.
    FileQuoteSearchedAgain,
    /// Nothing is kept of the number, and of what has no place, of a message that calls an appointment off.
    FileCancelForgets,
    /// What an occurrence that was called off says otherwise than its series is dropped.
    FileCalledOffSilent,
    /// Which answer of a guest is the newest is told within one file alone.
    FileReplyForgotten,
    /// Answers to one occurrence that spell its time otherwise are not compared.
    FileReplySpelt,
    /// What is kept of a part beside the record that it is put into is not told.
    ImportJoinedUncounted,

    // Sign-in.
    /// A request that was refused for its token is repeated with the same token.
    TokenStale,
    /// A new refresh token is not kept.
    TokenNotSaved,
    /// A sealed secret opens in the row of another app user.
    VaultUnbound,

    // Around the engine.
    /// An account may be connected for two app users.
    AccountsShared,
    /// A secret is sent to another end point than the one that gave it.
    SecretsAnywhere,
    /// A consent that is renewed forgets which calendars were chosen.
    RenewalForgets,
    /// Of two calendars of one name the first is meant.
    NameGuessed,
    /// A database in its place is adopted as a copy, and loses its accounts.
    OriginalIsCopy,
    /// A command that is shown forgets the settings file in use.
    CuresBare,
    /// A settings file that is named relatively names its paths from the working directory.
    ConfigAsGiven,
    /// An answer may take any room.
    AnswersEndless,
    /// What somebody in between answers is taken for Google's.
    AnyAnswerIsJson,
    /// A listing that comes back to a page goes on.
    PagesCircle,
    /// A redirect is followed, with the secrets.
    RedirectsFollowed,
    /// Text of strangers steers a terminal.
    TextSteers,
    /// Results that could not be written are a success.
    LostIsDone,
    /// A run that is stopped keeps its lease.
    LeasesKept,
    /// Another program's database is made one of ours.
    ForeignTaken,
    /// A table gives a spreadsheet formulas of strangers.
    FormulasStay,
    /// The state of the vault says nothing of secrets that do not open.
    UnopenedIsSound,
    /// An occurrence begins in the one of two hours in which its series does.
    CalFirstHour,
    /// What a longer text left behind its first part is read as the end of the short one that replaced it.
    CalStaleParts,
    /// What a pair was not offered any more counts as in scope once it is removed.
    GoneIsInScope,
    /// A hidden occurrence is believed to be hidden as it says, though Google gave it what hides its series.
    CalHiddenAlike,
    /// Help that could not be written counts as given.
    HelpLost,
    /// The history is searched in the names of records only.
    ValuesUnsearched,
    /// What a side holds by something else that it holds counts as something that it cannot hold.
    HeldOtherwiseIsLost,
    /// Links of an older release are known by the keys of that release only.
    SqlKeysOfBefore,
    /// A pair that gets another calendar here goes on from where it had read the former one.
    SqlOtherCalendarUnread,
    /// What had left a collection before it was deleted counts as deleted from it.
    LeftIsDeleted,
    /// What was removed in a collection that is connected afterwards counts as removed from there.
    GoneComesBack,
    /// What a file says of a calendar itself is dropped without a word.
    FileCalendarSilent,
    /// How a table shows an address is dropped, whatever it says.
    FileShownGoes,
    /// A property of KAddressBook's with a stroke in its name belongs to the text before it.
    FileStrokeIsText,
    /// An occurrence that the clocks skip is named by the time at which it is shown.
    CalSkippedHour,
    /// A typed description that ends with the address of the video call is read without it.
    CalLinkInText,
    /// The address of a video call whose line a person removed at Google is seen there no more.
    CalLinkGone,
}

#[cfg(all(feature = "mutants", debug_assertions))]
mod switch {
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::Mutant;

    const UNREAD: u16 = u16::MAX;

    static ACTIVE: AtomicU16 = AtomicU16::new(UNREAD);

    /// Takes one rule out, in the whole process; `Mutant::None` puts all of them back.
    pub fn take_out(mutant: Mutant) {
        ACTIVE.store(mutant as u16, Ordering::SeqCst);
    }

    /// Tells whether a rule is taken out.
    #[must_use]
    pub fn on(mutant: Mutant) -> bool {
        let active = ACTIVE.load(Ordering::Relaxed);
        let active = if active == UNREAD { read() } else { active };
        active == mutant as u16
    }

    /// A whole test suite is run with one rule taken out: its name is in the environment.
    #[cold]
    #[allow(clippy::disallowed_methods, reason = "test builds only: see the head of this file")]
    fn read() -> u16 {
        let name = std::env::var("PASSERELLE_MUTANT").unwrap_or_default();
        let named = Mutant::ALL.iter().find(|mutant| mutant.name() == name);
        let active = named.copied().unwrap_or(Mutant::None) as u16;
        ACTIVE.store(active, Ordering::SeqCst);
        active
    }
}

#[cfg(all(feature = "mutants", debug_assertions))]
pub use switch::{on, take_out};

/// Tells whether a rule is taken out: never, in what is shipped.
#[cfg(not(all(feature = "mutants", debug_assertions)))]
#[must_use]
pub const fn on(_mutant: Mutant) -> bool {
    false
}
