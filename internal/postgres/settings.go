package postgres

import (
	"maps"
	"slices"
)

// productionSettings are the parameters of a private server, for a machine it
// shares with the program. The log hears of the server's own life only: an
// error of a statement quotes what it was given (personal data), and goes to
// the client that sent it, nowhere else.
func productionSettings() map[string]string {
	return map[string]string{
		// Durability: the defaults, said aloud.
		"fsync":              "on",
		"synchronous_commit": "on",
		"full_page_writes":   "on",

		// Memory and plans.
		"max_connections":      "100",
		"shared_buffers":       "256MB",
		"effective_cache_size": "1GB",
		"work_mem":             "16MB",
		"maintenance_work_mem": "128MB",
		"random_page_cost":     "1.1", // solid-state disks
		"jit":                  "off", // it costs more than our queries take

		// Write-ahead log: rebuilds write much at once.
		"wal_compression":    "on",
		"max_wal_size":       "2GB",
		"checkpoint_timeout": "15min",

		// The server's log: a week, no statements, parameters or values.
		"logging_collector":                   "on",
		"log_filename":                        "postgres-%u.log",
		"log_rotation_age":                    "1d",
		"log_rotation_size":                   "0",
		"log_truncate_on_rotation":            "on",
		"log_line_prefix":                     "%m [%p] ",
		"log_min_messages":                    "log",
		"log_error_verbosity":                 "terse",
		"log_statement":                       "none",
		"log_min_error_statement":             "panic",
		"log_min_duration_statement":          "-1",
		"log_parameter_max_length":            "0",
		"log_parameter_max_length_on_error":   "0",
		"log_lock_waits":                      "off",
		"log_temp_files":                      "-1",
		"log_checkpoints":                     "off",
		"log_connections":                     "off",
		"log_disconnections":                  "off",
		"idle_in_transaction_session_timeout": "10min",

		// The same answers everywhere.
		"timezone":     "UTC",
		"log_timezone": "UTC",
		"lc_messages":  "C",
	}
}

// testSettings go before productionSettings: what was written may be lost when
// the machine stops, and the last commits when the server is killed.
func testSettings() map[string]string {
	return map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"wal_compression":    "off",
		"logging_collector":  "off", // startup.log holds it all
		"shared_buffers":     "128MB",
		"max_connections":    "300", // one server, many pools
	}
}

// settings are the parameters of c for o.
func (c *cluster) settings(o ServerOptions) map[string]string {
	all := productionSettings()
	if o.Test {
		maps.Copy(all, testSettings())
	}
	maps.Copy(all, o.Settings)
	maps.Copy(all, map[string]string{
		"listen_addresses":        "",
		"unix_socket_directories": c.socket,
		"unix_socket_permissions": "0700",
		"port":                    socketPort,
		"log_directory":           c.logs,
		"external_pid_file":       "",
	})
	return all
}

// arguments writes settings as the server's arguments, in a steady order.
func arguments(settings map[string]string) []string {
	var args []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		args = append(args, "-c", name+"="+settings[name])
	}
	return args
}
