runIngestMain()
