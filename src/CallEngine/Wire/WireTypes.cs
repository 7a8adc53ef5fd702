using System.Reflection;
using System.Runtime.CompilerServices;

namespace CallCrm.Engine.Wire;

/// <summary>
/// All types that the engine's inputs, entries and state are made of, found by their fields: nothing is named here, so nothing
/// new can be forgotten. A kind of field that cannot be written is an error when the first one is asked for, with its name.
/// </summary>
internal sealed class WireTypes
{
    private static readonly Lazy<WireTypes> s_current = new(() => new WireTypes());
    private readonly Dictionary<Type, WireType> _types = [];

    private WireTypes()
    {
        var assembly = typeof(WireTypes).Assembly.GetTypes();
        var roots = assembly.Where(t => !t.IsAbstract && (t == typeof(CallEngine) || t.IsSubclassOf(typeof(EngineInput)) || t.IsSubclassOf(typeof(JournalEntry))));
        var open = new Queue<Type>(roots);
        while (open.TryDequeue(out var type))
        {
            if (_types.ContainsKey(type))
                continue;
            var fields = FieldsOf(type);
            _types.Add(type, new WireType(type, NameOf(type), fields));
            foreach (var part in fields.SelectMany(f => Parts(f.FieldType)))
            {
                foreach (var found in part.IsAbstract ? assembly.Where(t => !t.IsAbstract && t.IsSubclassOf(part)) : [part])
                    open.Enqueue(found);
            }
        }

        All = [.. _types.Values.OrderBy(t => t.Name, StringComparer.Ordinal)];
        for (var i = 0; i < All.Length; i++)
            All[i].Index = i;
    }

    public static WireTypes Current => s_current.Value;

    /// <summary>By name.</summary>
    public WireType[] All { get; }

    public WireType Of(Type type) => _types.GetValueOrDefault(type) ?? throw new NotSupportedException($"{type} is not among what the engine keeps");

    public WireType? Find(string name) => Array.Find(All, t => string.Equals(t.Name, name, StringComparison.Ordinal));

    internal static bool IsRecord(Type type) => type.IsClass && type.GetMethod("<Clone>$") is not null;

    /// <summary>Of the base first; by name, so that moving a line in the source changes nothing.</summary>
    private static FieldInfo[] FieldsOf(Type type)
    {
        var fields = new List<FieldInfo>();
        for (var t = type; t is not null && t != typeof(object) && t != typeof(ValueType); t = t.BaseType)
        {
            fields.InsertRange(0, t.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
                .OrderBy(WireType.NameOf, StringComparer.Ordinal));
        }

        return [.. fields];
    }

    /// <summary>Types with fields of their own in a field's type.</summary>
    private static IEnumerable<Type> Parts(Type type)
    {
        if (type.IsArray)
            return Parts(type.GetElementType()!);
        if (type.IsGenericType && !IsPlainStruct(type))
            return type.GetGenericArguments().SelectMany(Parts);
        return IsPlainStruct(type) || (type.IsClass && type.Assembly == typeof(WireTypes).Assembly && type != typeof(PbxEvent)) ? [type] : [];
    }

    internal static bool IsPlainStruct(Type type) => type is { IsValueType: true, IsEnum: false, IsPrimitive: false }
        && (type.Assembly == typeof(WireTypes).Assembly || type.IsAssignableTo(typeof(ITuple))
            || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>)));

    internal static string NameOf(Type type)
    {
        if (!type.IsGenericType)
            return (type.FullName ?? type.Name).Replace("CallCrm.Engine.", "", StringComparison.Ordinal);
        return $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(',', type.GetGenericArguments().Select(NameOf))}>";
    }
}

/// <summary>One of them.</summary>
internal sealed class WireType(Type clr, string name, FieldInfo[] fields)
{
    private readonly Lazy<WireCodec[]> _codecs = new(() => [.. fields.Select(f => WireCodec.For(f))]);
    private Action<WireWriter, object, object[]>? _write;

    public Type Clr => clr;

    public string Name => name;

    public int Index { get; set; }

    public FieldInfo[] Fields => fields;

    public IEnumerable<WireField> Shape => fields.Zip(_codecs.Value, (f, c) => new WireField(NameOf(f), c.Shape));

    /// <summary>The fields of a class's instance.</summary>
    public void Write(WireWriter writer, object value) =>
        (_write ??= WireEmit.Writer<Action<WireWriter, object, object[]>>(clr, fields))(writer, value, _codecs.Value);

    public WireCodec[] Codecs => _codecs.Value;

    /// <summary>Without what the compiler adds to the names of properties and of parameters that a class keeps.</summary>
    internal static string NameOf(FieldInfo field) =>
        field.Name[0] == '<' ? field.Name[1..field.Name.IndexOf('>', StringComparison.Ordinal)] : field.Name;
}

internal delegate void StructWriter<T>(WireWriter writer, ref T value, object[] codecs) where T : struct;

internal delegate void StructReader<T>(WireReader reader, ref T value, object[] takers) where T : struct;
