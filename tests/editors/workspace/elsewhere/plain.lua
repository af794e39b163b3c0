return "no LLMSpell script"
