-- Which folder a file belongs into, as data: adding a rule needs no code.

local rules = {}

-- By the end of the name.
rules.KINDS = {
  documents = { "md", "txt", "pdf", "doc", "docx", "odt", "rtf", "eml" },
  images = { "png", "jpg", "jpeg", "gif", "svg", "webp" },
  sound = { "mp3", "flac", "ogg", "wav" },
  video = { "mp4", "mkv", "webm", "mov" },
  tables = { "csv", "tsv", "xlsx", "ods" },
  programs = { "lua", "py", "sh", "js", "ts", "c", "rs" },
  archives = { "zip", "tar", "gz", "7z" },
}

-- By words in the text, in small letters; the folder with the most hits wins, the first one of equals.
rules.TOPICS = {
  { folder = "invoices", words = { "invoice", "amount due", "vat", "payment" } },
  { folder = "meetings", words = { "agenda", "minutes", "attendees", "action items" } },
  { folder = "travel", words = { "flight", "hotel", "itinerary", "boarding" } },
}

rules.OTHER = "other"
rules.DUPLICATES = "duplicates"

return rules
