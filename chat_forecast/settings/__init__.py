"""What a user sets: ``chats.toml``, the environment, where everything lies.

Belongs here: the models of the settings, reading them, wording mistakes, editing the file.
Does not belong here: acting on a setting.
"""
