// Package resilience keeps one part that fails from taking the others with it. One policy a file; a policy guards one dependency and
// carries its name (primary, remote-cache, catalog) in its log lines and metrics.
//
// The policies are failsafe-go's where it has them, used by their permits rather than through its executor: a healthy call then costs
// a fraction of a microsecond and allocates nothing. What counts as a failure is the dependency's being ill, never what a caller asked
// for: something that is not there, a refusal by rule or a caller who hung up says nothing about the database.
//
// Every policy can be switched off while running; off means the plain call. The layers of modules use them; the next room is
// platform/database, which says of its errors whether they are its own fault.
package resilience
