// Package readmodels holds what queries read: for each read model its tables,
// the rows in them, and the queries that return them. Package projections fills
// the tables from the log; nothing else writes to them, and they can be dropped
// and filled again at any time.
//
// The tables of a group of read models stand in a schema of their own for each
// generation, rm_<group>_<number>. Which generation is live is in
// rm.generations: see Generations.
package readmodels
