"""A real Zuul on one machine: ZooKeeper, scheduler, executor, launcher and web, by their own programs."""
