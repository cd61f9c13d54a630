// Package stalwarttest is a stand-in for a Stalwart mail server: one value that
// answers the management interface over HTTP and mail submission over SMTP, in
// the memory of the test.
//
// Two generations of Stalwart exist in the field and they share no line of
// their management interface. 0.15 speaks REST under /api, 0.16 speaks JMAP
// with registry objects ("x:Account", "x:Domain" ...). The stand-in speaks
// either, chosen by [Options].Version, and copies in particular the unpleasant
// parts that a controller has to live with: refusals inside a 200, secrets that
// read back as "****", lists that are renumbered, patches that merge where one
// expects a replacement, caches that outlive the truth, bans that need an
// action to be lifted, and settings that wait for a reload.
//
// A Server has a data store and a process. Stop ends the process and keeps the
// store, Start brings a new process with a new boot id and cold caches, Wipe
// takes the data away with the next Start. Two Servers may share one store
// ([Options].Peer) and then lie to each other through their caches, as two Pods
// without a cluster coordinator do.
//
// What is true here was first recorded on real servers. The recordings are
// under testdata, and the replay test sends every one of them again and
// compares the answers. Where the stand-in and a real server differ, the
// stand-in is wrong.
package stalwarttest
