// Package imports brings jobs, candidates and applications with their past into
// an installation, from files of another system: CSV with column names, or
// NDJSON. docs/import.md describes the formats.
//
// An import has a name. Together with the ids the other system gave its rows the
// name makes the ids of the commands, so importing again writes nothing that is
// there already, however the last run ended.
package imports
