package conformance

// streamTests are the tests that have to pass on a node alone.
var streamTests = []string{
	"TestStreams/AppendTests/appendToStreamSingleEventNoStream",
	"TestStreams/AppendTests/appendWithInvalidStreamRevision",
	"TestStreams/AppendTests/metadataOperation",
	"TestStreams/ReadStreamTests/readStreamReturnsEOFAfterCompletion",
	"TestStreams/ReadStreamTests/readStreamNotFound",
	"TestStreams/ReadStreamTests/readStreamWithMaxAge",
	"TestStreams/ReadStreamTests/readStreamWithCredentialsOverride",
	"TestStreams/SubscriptionTests/subscriptionAllFilter",
	"TestStreams/DeleteTests/canDeleteStream",
	"TestStreams/DeleteTests/canTombstoneStream",
	"TestStreams/DeleteTests/detectStreamDeleted",
	"TestStreams/ConnectionTests/closeConnection",
	"TestMisc/ConnectionStringTests",
	"TestMisc/StreamPositionTests",
	"TestMisc/UUIDParsingTests",
}

// skippedStreamTests skip themselves: they need the vendor's data set or a
// container of its own. Our tests hold the node to what they ask.
var skippedStreamTests = []string{
	"TestStreams/AppendTests/appendToSystemStreamWithIncorrectCredentials",
	"TestStreams/ReadStreamTests/readStreamEventsForwardsFromZeroPosition",
	"TestStreams/ReadStreamTests/readStreamEventsBackwardsFromEndPosition",
	"TestStreams/SubscriptionTests/allSubscriptionWithFilterDeliversCorrectEvents",
	"TestStreams/SubscriptionTests/connectionClosing",
	"TestStreams/SubscriptionTests/streamSubscriptionDeliversAllEventsInStreamAndListensForNewEvents",
	"TestStreams/SubscriptionTests/subscriptionAllWithCredentialsOverride",
	"TestStreams/SubscriptionTests/subscriptionToStreamCaughtUpMessage",
}

// persistentTests are the tests of persistent subscriptions that have to pass.
var persistentTests = []string{
	"TestPersistentSubscriptions/PersistentSubReadTests/ReadExistingStream_AckToReceiveNewEvents",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFromBeginning_AndEventsInIt",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToNonExistingStream_StartFromBeginning_AppendEventsAfterwards",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFromEnd_EventsInItAndAppendEventsAfterwards",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFromEnd_EventsInIt",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToNonExistingStream_StartFromTwo_AppendEventsAfterwards",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFrom10_EventsInItAppendEventsAfterwards",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFrom4_EventsInIt",
	"TestPersistentSubscriptions/PersistentSubReadTests/ToExistingStream_StartFromHigherRevisionThenEventsInStream_EventsInItAppendEventsAfterwards",
	"TestPersistentSubscriptions/PersistentSubReadTests/ReadExistingStream_NackToReceiveNewEvents",
	"TestPersistentSubscriptions/PersistentSubReadTests/persistentSubscriptionToAll_Read",
	"TestPersistentSubscriptions/PersistentSubTests/createPersistentStreamSubscription",
	"TestPersistentSubscriptions/PersistentSubTests/createPersistentStreamSubscription_MessageTimeoutZero",
	"TestPersistentSubscriptions/PersistentSubTests/createPersistentStreamSubscription_StreamNotExits",
	"TestPersistentSubscriptions/PersistentSubTests/createPersistentStreamSubscription_FailsIfAlreadyExists",
	"TestPersistentSubscriptions/PersistentSubTests/createPersistentStreamSubscription_AfterDeleting",
	"TestPersistentSubscriptions/PersistentSubTests/updatePersistentStreamSubscription",
	"TestPersistentSubscriptions/PersistentSubTests/updatePersistentStreamSubscription_ErrIfSubscriptionDoesNotExist",
	"TestPersistentSubscriptions/PersistentSubTests/deletePersistentStreamSubscription",
	"TestPersistentSubscriptions/PersistentSubTests/deletePersistentSubscription_ErrIfSubscriptionDoesNotExist",
	"TestPersistentSubscriptions/PersistentSubTests/persistentAllCreate",
	"TestPersistentSubscriptions/PersistentSubTests/persistentAllUpdate",
	"TestPersistentSubscriptions/PersistentSubTests/persistentAllDelete",
	"TestPersistentSubscriptions/PersistentSubTests/persistentListAllSubs",
	"TestPersistentSubscriptions/PersistentSubTests/persistentListAllSubsWithCredentialsOverride",
	"TestPersistentSubscriptions/PersistentSubTests/persistentReplayParkedMessages",
	"TestPersistentSubscriptions/PersistentSubTests/persistentReplayParkedMessagesWithCredentialsOverride",
	"TestPersistentSubscriptions/PersistentSubTests/persistentReplayParkedMessagesToAll",
	"TestPersistentSubscriptions/PersistentSubTests/persistentListSubsForStream",
	"TestPersistentSubscriptions/PersistentSubTests/persistentListSubsToAll",
	"TestPersistentSubscriptions/PersistentSubTests/persistentGetInfo",
	"TestPersistentSubscriptions/PersistentSubTests/persistentGetInfoWithCredentialsOverride",
	"TestPersistentSubscriptions/PersistentSubTests/persistentGetInfoToAll",
	"TestPersistentSubscriptions/PersistentSubTests/persistentGetInfoEncoding",
	"TestPersistentSubscriptions/PersistentSubTests/persistentRestartSubsystem",
}

// skippedPersistentTests need the vendor's data set.
var skippedPersistentTests = []string{
	"TestPersistentSubscriptions/PersistentSubTests/testPersistentSubscriptionClosing",
}
