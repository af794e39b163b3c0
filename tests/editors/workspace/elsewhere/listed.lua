return "a script when the setting lists it"
