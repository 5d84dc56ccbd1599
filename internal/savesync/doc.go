// Package savesync is the sync protocol: what a player's devices are to send and
// to fetch so that the newest progress is on all of them. docs/protocol.md explains
// it with a diagram, the layout of what is stored and every status code.
//
// [Service.ServePlan] and [Service.ServeComplete] answer the two requests of the
// game client. What is decided is decided by pure functions over a [Record]
// (plan.go, settle.go, quota.go); service.go, look.go, shelve.go, retire.go and
// invite.go do the calls around them, in this order. An [Operator] (operator.go,
// forward.go, move.go, versions.go, verify.go, rebuild.go) changes records beside the devices.
//
// # Promises
//
// Each is checked after every step of the random histories of TestPromises, which
// TestPromisesBite shows to find the defects of the backend before this one; e2e's
// TestDevices checks what can be seen from outside over the deployed functions. The
// tests named beside a promise hold it by itself.
//
//  1. Nothing committed is ever lost. Every content that a device was asked for and
//     sent in full can be got back, as the current or as an older version, for the
//     retention time, whatever races, retries, crashes and failed calls there are,
//     and however long nobody settles it. Devices write to an inbox; what is committed
//     lies under keys that only the service writes, each once. (An upload URL that is
//     used twice keeps what came last, until it is settled.)
//     (TestD7ALateSecondUploadTouchesNothingCommitted, TestWhatNobodySettledIsKept,
//     TestD12EqualTimesHaveOneWinnerAndBothStay)
//  2. The record tells the truth. It names only content that is in the bucket, in
//     that version, and whose size and SHA-256 were verified by reading it. What was
//     planned and never arrived is never offered and never in the way.
//     (TestD2AFailedUploadIsNeitherOfferedNorForgotten,
//     TestD8AnUploadIsBoundedAndVerified, TestD16NothingIsOfferedThatIsNotThere,
//     TestPromisesSurviveVandals)
//  3. Newer is never overwritten by older, as far as the client's words tell. The
//     same checksum is the same content, whatever the clocks say. A content that is
//     known to have been replaced is old, whatever the clocks say. Otherwise the
//     newer time wins, a time in the future being now; between equal times what was
//     planned after the other had been committed, and the larger checksum between
//     contents that cannot know of each other. A file that the client does not list is
//     offered only when no local copy of it can be newer.
//     (TestD4ADownloadedCopyIsNoNewContent, TestD5AFileThatIsNotListedIsNotOverwritten,
//     TestD11ATimeInTheFutureDoesNotWinForEver, TestEqualTimesNewBytes)
//  4. It settles. When nobody plays and every device has synced once or twice, plans
//     are empty; so is a plan right after a completed one. Nothing travels twice
//     without need. (TestD9AFileThatChangesBeforeItIsSentIsSentAgain,
//     TestNamesThatDifferByCapitals)
//  5. Two at once are safe. The record is saved on the condition that nobody else
//     saved it; a request that lost begins again, and after some tries says 409.
//     (TestD6TwoPlansAtOnceLoseNothing, TestDevicesAtOnce, TestConflictsEndInAnAnswer)
//  6. A failing store never looks like an empty one. A read that fails is a 503, and
//     nothing is written. (TestD3AFailedReadIsNoEmptyManifest,
//     TestAFailingStoreIsNoEmptyStore, TestRecordsThatMustNotPassForEmptyOnes,
//     storetest's contract, and awsstore's TestWhatS3Says and TestWhatDynamoDBSays)
//  7. The client's "complete" proves nothing. It is an occasion to look what has
//     arrived; so is the next plan of any device. (TestD10SuccessIsNotBelieved)
//  8. Each player alone. All keys come from the subject of the verified token. A
//     player's limits hold over all games. (TestEachPlayerAlone, TestD14LimitsLeaveAlone,
//     TestD14PlansAreCounted, TestD17NamesAreAllowListed, FuzzPlan)
//  9. A readable content is never replaced by an unreadable one, nor any content by its
//     own beginning. While a content is hashed it is read as what it claims to be. One
//     that cannot be read is kept, can be got back and is marked as damaged, and its
//     device is told to fetch. (TestAHalfNeverReplacesTheWhole,
//     TestACutIsACutInAnyFormat, TestADamagedContentGivesWay, TestDamageIsSeen,
//     TestBombsAreBounded, TestTheCheckCanBeSwitchedOff)
//  10. One bad file stops nothing else. What cannot travel is left alone on its device,
//     is never taken for missing, and everything else is served. The small go first, and
//     "persistent" first of all; what is large or has failed comes after the downloads,
//     and what goes on failing waits. (TestForeignFilesStopNothing,
//     TestAForeignFileStillCounts, TestAFailingUploadStarvesNothing,
//     TestASmallUploadThatFailedComesLast, TestABadFileDoesNotStarveLargerOnes,
//     TestShortSessionsGetOn, TestWhatNeverComesEatsNoBudget, TestAFullCloudStillServes,
//     TestAFullRecordEmptiesItself)
//  11. Nothing unknown that a device lists is overwritten before it is kept, and a
//     stranger's start does not wipe a life. A device that is to fetch over a content
//     that the cloud has never seen is asked for that content first.
//     (TestADamagedContentOfAnOldReleaseOverwritesNothing, TestNothingUnknownIsOverwrittenBeforeItIsKept,
//     TestAStrangersStartDoesNotWipeALife, TestARestoreReachesEveryDevice,
//     TestARestoreKeepsWhatADeviceHasNotSent)
//  12. A player's cost is bounded, in reads, in stored bytes and in requests, per minute,
//     hour, day and retention time, and bytes are stored once. (TestWrongBytesAreReadOnce,
//     TestWhatNeverCameIsListed, TestAHammeredInboxHidesLittle, TestOneRequestReadsSoMuch,
//     TestReadingTakesBoundedTime, TestWhatIsBarredIsNotLookedUp, TestAPlayersPaceIsBounded, TestStoredBytesAreBounded,
//     TestAURLUsedOverAndOverIsSeen, TestWhatComesLateGoesToo, TestWhatAPlayerCosts)
//  13. Who is turned away gets nothing. From the moment that a ban or a tombstone is
//     saved no request of the player's devices settles, decides or writes anything, and
//     no other one of theirs that began before is answered with anything to do. A
//     forgotten player stays forgotten, and what was erased stays erased.
//     (TestABannedPlayerIsTurnedAway, TestOldReleasesObeyABan, TestForgottenStaysForgotten)
//  14. What an operator does holds as what devices do: the promises above hold beside it,
//     at every moment. What is restored wins on every device that lists it, but over
//     what was changed later. (TestARestoreReachesEveryDevice,
//     TestARestoreKeepsWhatADeviceHasNotSent, TestAnUploadReachesEveryDevice,
//     TestAMoveGivesTheNewer, TestVerifyAndRepair, TestOperatorsCanBeInterrupted) A record
//     that is damaged is rebuilt of what is in the bucket, without loss.
//     (TestARecordIsRebuilt, TestPromisesSurviveDamage)
//
// TestEveryMendingIsHeld takes out what the package does for the promises 9 to 14, one
// thing at a time, and wants the tests to fail.
package savesync
