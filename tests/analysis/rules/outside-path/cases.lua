-- case: a folder of the system
Tool.execute("file-operations", { operation = "read", path = "/etc/passwd" })
                                                             ^^^^^^^^^^^^^ warning outside-path: `/etc/passwd` is outside of the folders that `file-operations` may use
Tool.execute("file-search", { pattern = "x", path = "/tmp/../etc" })
                                                    ^^^^^^^^^^^^^ warning outside-path: `/tmp/../etc` is outside of the folders that `file-search` may use

-- case: folders that may be the project's
Tool.execute("file-operations", { operation = "read", path = "/home/anna/project/a.txt" })
Tool.execute("file-operations", { operation = "read", path = "/tmp/a.txt" })
Tool.execute("file-operations", { operation = "read", path = "a.txt" })
Tool.execute("file-operations", { operation = "read", path = "/etcetera/a.txt" })

-- case: the script adds folders
Config.addAllowedPath("/etc")
Tool.execute("file-operations", { operation = "read", path = "/etc/passwd" })
