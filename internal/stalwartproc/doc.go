// Package stalwartproc starts real Stalwart mail servers for tests, from an
// empty directory, on the loopback interface.
//
// A simulated server proves that the controller agrees with its authors'
// reading of the manual. Only the real one proves the manual. The two
// generations that the controller supports differ so much that starting one
// has little in common with starting the other:
//
//   - Generation 0.15 reads config.toml, which names listeners, certificate
//     and administrator. The file is written, the server started, done.
//   - Generation 0.16 reads from its config.json only where its data is.
//     Everything else is in the data, and without it the server listens on
//     privileged ports of every interface. So it is started once in recovery
//     mode, filled over JMAP, stopped, and started properly.
//
// Recovery mode listens on every interface too, and cannot be told otherwise.
// The first start therefore happens in a network namespace of its own, where
// nobody else is, and this process connects into it from a thread that it
// moves there. That takes root, or rather CAP_SYS_ADMIN.
//
// Whatever a server fetches from the Internet at its start is switched off,
// as a test must work without and a fetch that is dropped rather than refused
// delays a start by a minute.
//
// A Server can be stopped, killed, started again with its data and started
// again without, which is what the controller has to cope with. It satisfies
// the Process interface of package nodetest.
package stalwartproc
