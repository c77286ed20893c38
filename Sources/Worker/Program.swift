/// Runs the program; returns its exit status by ending the process.
func runWorkerMain() {}
