runControlMain()
