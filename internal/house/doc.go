// Package house holds the tests by which the repository polices itself: who may
// import whom, which files are pure, how long things may get, that every package
// tells its story, and that every reason has its heading in the runbook.
package house
