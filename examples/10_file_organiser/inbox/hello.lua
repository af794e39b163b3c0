print("hello from a script that wants a folder of its own")
