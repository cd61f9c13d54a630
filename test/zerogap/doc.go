// Command zerogap shows that whatever is rotated, a consumer that logs in with what
// its Pod was started with is never refused.
//
// Each row is an installation of its own on one shared control plane: a Stalwart,
// real or the stand-in, with its shipped throttle and its shipped wait; the
// controller as a process with the rights that it prints; and a crowd of consumers
// (package crowd) that log in all the time. A row rotates credentials in one of the
// kinds, under one of the passes, and waits after each rotation until nothing is
// left over. A pass is what happens meanwhile: nothing, a second rotation, kill -9
// at random instants or right after each single write, a change of leader, a restart
// of Stalwart or of the API server, an error or a silence at each single call.
//
// A refused login, a throttled one, a ban, a second generation at rest or a consumer
// that is rolled twice ends in exit code 1. Times are only printed, with MISSED. With
// -order naive the controller has no overlap and consumers roll 3 s late, as with the
// usual reloaders: that must go red.
package main
