SINGLES: dict = {}
