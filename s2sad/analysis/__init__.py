"""Facts about functions of the IR: activity, aliasing. They take IR and give mappings; they change nothing."""
