// Package projections folds the log into read models. A Subscriber turns the
// log's subscription into Watermill messages, each of them one ordered batch of
// events; a Projector handles them, one transaction for each batch, which moves
// rows and checkpoint together, so that each event has its effect on the rows
// exactly once; a Waiter lets queries wait until a position has been reached.
//
// The read models are in the other files, one for each Model; the rows they
// write are described in package readmodels.
//
// Where things stand: the rows of a group in the schema of a generation,
// rm_<group>_<number>, whose number is never used again; what is known of the
// generations in rm.generations; how far each is in rm.checkpoints, one row for
// each, in one place, so that whoever waits or watches reads all groups at once;
// what was put aside in rm.parked.
//
// Read models are built anew beside the live ones: Rebuild fills a generation in
// memory and by COPY, compares it with the live one at one position and switches;
// a Keeper follows the one before, so that Rollback can switch back; Verify only
// compares.
//
// A checkpoint is moved only from where the projector found it. A projector that
// does not find it there writes nothing, reads where it is now, and stands by
// while another one gives signs of life. That spares the database, but nothing
// rests on it: any number of projectors gives the same rows.
//
// What fails is of two kinds. What passes by itself (connections, transactions
// that lost, the vault or the log out of reach) is tried again for ever, and
// shows as lag. What the event is to blame for is found by projecting the batch
// again, event by event, and then stops the group or parks the event's stream.
// No text that is stored or logged quotes a value of an event or a row.
package projections
