using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;

namespace CallCrm.Engine.Wire;

/// <summary>The types of whoever wrote the bytes, and what this version makes of them: fields find each other by name.</summary>
internal sealed class WireFile
{
    private static readonly ConcurrentDictionary<string, WireFile> s_known = new(StringComparer.Ordinal);
    private readonly WireFileType[] _types;
    private readonly Dictionary<string, WireFileType> _byName = new(StringComparer.Ordinal);

    private WireFile(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        _types = new WireFileType[lines.Length];
        for (var i = 0; i < lines.Length; i++)
        {
            _types[i] = WireFileType.Parse(lines[i], this);
            _byName[_types[i].Name] = _types[i];
        }
    }

    /// <summary>This version's own, one line a type: <c>name field:shape field:shape …</c>.</summary>
    public static string CurrentText { get; } = Write(WireTypes.Current);

    public WireFileType this[int index] => (uint)index < (uint)_types.Length ? _types[index] : throw new WireException($"type {index} of {_types.Length}");

    public WireFileType Find(string name) => _byName.GetValueOrDefault(name) ?? throw new WireException($"the type '{name}' is not described");

    /// <summary>Equal texts share what was made of them.</summary>
    public static WireFile Of(string text) => s_known.GetOrAdd(text, static t => new WireFile(t));

    private static string Write(WireTypes types)
    {
        var text = new StringBuilder();
        foreach (var type in types.All)
        {
            text.Append(type.Name);
            foreach (var (name, shape) in type.Shape)
                text.Append(' ').Append(name).Append(':').Append(TextOf(shape));
            text.Append('\n');
        }

        return text.ToString();
    }

    private static string TextOf(WireShape shape)
    {
        var inner = shape.Type ?? (shape.Key is { } key ? $"{TextOf(key)};{TextOf(shape.Of!)}" : shape.Of is { } of ? TextOf(of) : null);
        return inner is null ? $"{shape.Kind}" : $"{shape.Kind}({inner})";
    }

    /// <summary>What reads a value of such a shape into such a type; null when this version's type is another kind of thing.</summary>
    internal object? TakerFor(Type type, WireShape shape) => shape.Kind switch
    {
        WireKind.Bool when type == typeof(bool) => new FuncTaker<bool>(static r => r.Byte() != 0),
        WireKind.Int when type.IsEnum => New(typeof(EnumTaker<>), [type]),
        WireKind.Int when type == typeof(int) => new FuncTaker<int>(static r => (int)r.Signed()),
        WireKind.Int when type == typeof(long) => new FuncTaker<long>(static r => r.Signed()),
        WireKind.Int when type == typeof(byte) => new FuncTaker<byte>(static r => (byte)r.Signed()),
        WireKind.Int when type == typeof(TimeSpan) => new FuncTaker<TimeSpan>(static r => new TimeSpan(r.Signed())),
        WireKind.Decimal when type == typeof(decimal) => new FuncTaker<decimal>(DecimalTaker.Take),
        WireKind.Text when type == typeof(string) => new FuncTaker<string?>(static r => r.Text()),
        WireKind.Id when type == typeof(Guid) => new FuncTaker<Guid>(static r => r.Id()),
        WireKind.Time when type == typeof(DateTimeOffset) => new FuncTaker<DateTimeOffset>(static r => r.Time()),
        WireKind.Event when type == typeof(PbxEvent) => new FuncTaker<PbxEvent?>(EventTaker.Take),
        WireKind.Struct when WireTypes.IsPlainStruct(type) => New(typeof(StructTaker<>), [type], Find(shape.Type!)),
        WireKind.Record when WireTypes.IsRecord(type) => New(typeof(RecordTaker<>), [type]),
        WireKind.Object when !type.IsValueType => New(typeof(ObjectTaker<>), [type]),
        WireKind.Nullable when Nullable.GetUnderlyingType(type) is { } inner => Around(typeof(NullableTaker<>), [inner], (inner, shape.Of!)),
        WireKind.List when type.IsArray => Around(typeof(ListTaker<,>), [type, type.GetElementType()!], (type.GetElementType()!, shape.Of!)),
        WireKind.List or WireKind.Set or WireKind.Map when type.IsGenericType => Collection(type, shape),
        _ => null,
    };

    private object? Collection(Type type, WireShape shape)
    {
        var of = type.GetGenericArguments();
        return (shape.Kind, type.GetGenericTypeDefinition()) switch
        {
            (WireKind.List, var t) when t == typeof(List<>) || t == typeof(Queue<>) => Around(typeof(ListTaker<,>), [type, of[0]], (of[0], shape.Of!)),
            (WireKind.List, var t) when t == typeof(ImmutableArray<>) => Around(typeof(ArrayTaker<>), of, (of[0], shape.Of!)),
            (WireKind.Set, var t) when t == typeof(HashSet<>) || t == typeof(SortedSet<>) || t == typeof(ImmutableHashSet<>) => Around(typeof(SetTaker<,>), [type, of[0]], (of[0], shape.Of!)),
            (WireKind.Map, var t) when t == typeof(Dictionary<,>) || t == typeof(SortedDictionary<,>) => Around(typeof(MapTaker<,,>), [type, .. of], (of[0], shape.Key!), (of[1], shape.Of!)),
            _ => null,
        };
    }

    private object? Around(Type generic, Type[] arguments, params (Type Type, WireShape Shape)[] inner)
    {
        var takers = Array.ConvertAll(inner, i => TakerFor(i.Type, i.Shape));
        return Array.Exists(takers, t => t is null) ? null : New(generic, arguments, takers!);
    }

    private static object New(Type generic, Type[] arguments, params object?[] given) => Activator.CreateInstance(generic.MakeGenericType(arguments), given)!;
}

/// <summary>One type of a file.</summary>
internal sealed class WireFileType(string name, WireField[] fields, WireFile file)
{
    private readonly Lazy<(FieldInfo?[] Fields, object[] Takers, (FieldInfo Field, object? Value)[] Missing)> _plan =
        new(() => Plan(WireTypes.Current.Find(name), fields, file));
    private Action<WireReader, object, object[]>? _fill;

    public string Name => name;

    /// <summary>Null when this version has no such type.</summary>
    public Type? Clr { get; } = WireTypes.Current.Find(name)?.Clr;

    public object[] Takers => _plan.Value.Takers;

    public void Skip(WireReader reader)
    {
        foreach (var field in fields)
            WirePass.Skip(reader, field.Shape);
    }

    public void Fill(WireReader reader, object thing)
    {
        var plan = _plan.Value;
        (_fill ??= WireEmit.Reader<Action<WireReader, object, object[]>>(Clr!, plan.Fields))(reader, thing, plan.Takers);
        foreach (var (field, value) in plan.Missing)
            field.SetValue(thing, value);
    }

    public StructReader<T> StructReader<T>() where T : struct => WireEmit.Reader<StructReader<T>>(typeof(T), _plan.Value.Fields);

    private static (FieldInfo?[], object[], (FieldInfo, object?)[]) Plan(WireType? here, WireField[] there, WireFile file)
    {
        var found = new FieldInfo?[there.Length];
        var takers = new object[there.Length];
        for (var i = 0; i < there.Length; i++)
        {
            var field = Array.Find(here?.Fields ?? [], f => string.Equals(WireType.NameOf(f), there[i].Name, StringComparison.Ordinal));
            var taker = field is null ? null : file.TakerFor(field.FieldType, there[i].Shape);
            (found[i], takers[i]) = taker is null ? (null, new WirePass(there[i].Shape)) : (field, taker);
        }

        return (found, takers, here is null ? [] : [.. here.Fields.Where(f => !found.Contains(f)).Select(f => (f, Default(here.Clr, f)))]);
    }

    /// <summary>A field that is younger than the file: as a new instance has it, or as the optional parameter says, or empty.</summary>
    private static object? Default(Type type, FieldInfo field)
    {
        if (type.GetConstructor([]) is { } empty)
            return field.GetValue(empty.Invoke(null));
        var parameter = type.GetConstructors().SelectMany(c => c.GetParameters())
            .FirstOrDefault(p => p.HasDefaultValue && string.Equals(p.Name, WireType.NameOf(field), StringComparison.Ordinal));
        if (parameter?.DefaultValue is { } value)
            return field.FieldType.IsEnum ? Enum.ToObject(field.FieldType, value) : value;
        if (field.FieldType.IsGenericType && field.FieldType.GetGenericTypeDefinition() == typeof(ImmutableArray<>))
            return field.FieldType.GetField("Empty")!.GetValue(null);
        if (field.FieldType.IsValueType)
            return RuntimeHelpers.GetUninitializedObject(field.FieldType);
        return field.FieldType.Namespace == "System.Collections.Generic" && field.FieldType.GetConstructor([]) is { } collection ? collection.Invoke(null) : null;
    }

    internal static WireFileType Parse(string line, WireFile file)
    {
        var parts = line.Split(' ');
        var fields = parts.Skip(1).Select(p => p.Split(':', 2)).Select(p => new WireField(p[0], Shape(p.Length > 1 ? p[1] : "")));
        return new WireFileType(parts[0], [.. fields], file);
    }

    private static WireShape Shape(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var word = open < 0 ? text : text[..open];
        if (!Enum.TryParse<WireKind>(word, out var kind) || !Enum.IsDefined(kind))
            throw new WireException($"'{word}' is no kind of value that is known here");
        var inner = open < 0 ? "" : text[(open + 1)..^1];
        return kind switch
        {
            WireKind.Struct => new WireShape(kind, Type: inner),
            WireKind.Map when Split(inner) is var (key, of) => new WireShape(kind, Shape(of), Shape(key)),
            WireKind.List or WireKind.Set or WireKind.Nullable => new WireShape(kind, Shape(inner)),
            _ => new WireShape(kind),
        };
    }

    /// <summary>At the semicolon that stands in no inner parentheses.</summary>
    private static (string Key, string Of) Split(string text)
    {
        var depth = 0;
        for (var i = 0; i < text.Length; i++)
        {
            depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
            if (text[i] == ';' && depth == 0)
                return (text[..i], text[(i + 1)..]);
        }

        throw new WireException($"'{text}' is no key and value");
    }
}
