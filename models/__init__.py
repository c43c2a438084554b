"""Response models: what each unit would do at each amount. They know no budget."""
