// Package projections folds the log into read models. A Subscriber turns the
// log's subscription into Watermill messages, each of them one ordered batch of
// events; a Projector handles them, one transaction for each batch, which moves
// rows and checkpoint together, so that each event has its effect on the rows
// exactly once; a Waiter lets queries wait until a position has been reached.
//
// The read models are in the other files, one for each Model; the rows they
// write are described in package readmodels.
package projections
