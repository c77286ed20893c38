runWorkerMain()
