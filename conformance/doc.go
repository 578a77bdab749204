// Package conformance holds the event node to the protocol by programs others
// have written: the tests of EventStoreDB's official Go client, unmodified, a
// script against its client for Node.js, and Hirelog's own suite of a log over
// TLS. The node is the program of this checkout, started anew with an empty
// store for each, and its store is checked for damage afterwards.
//
// It is a module of its own, so that what those tests need stays out of the
// program's. "make conformance" runs it.
package conformance

import _ "github.com/EventStore/EventStore-Client-Go/v4/esdb" // whose tests are run
